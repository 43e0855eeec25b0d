// The six kinds of steps of a program, on arrays that are there already. Numbers are single
// precision where they are kept and double precision where they are added up.

const functions = {
  abs: Math.abs, atan: Math.atan, ceil: Math.ceil, cos: Math.cos, exp: Math.exp,
  expm1: Math.expm1, floor: Math.floor, log: Math.log, log1p: Math.log1p, sign: Math.sign,
  sin: Math.sin, sqrt: Math.sqrt, tan: Math.tan, tanh: Math.tanh, pow: Math.pow,
  maximum: Math.max, minimum: Math.min,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  reciprocal: (a) => 1 / a,
  relu: (a) => (a > 0 ? a : 0),
  leaky_relu: (a, slope) => (a > 0 ? a : slope * a),
  rsqrt: (a) => 1 / Math.sqrt(a),
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  where: (yes, a, b) => (yes ? a : b),
  not: (a) => (a ? 0 : 1),
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  round: (a) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a)),
  erf,
};

/** The error function: its series near 0, a continued fraction beyond; right to 1e-12. */
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x, sum = x;
    for (let n = 1; n < 60; n += 1) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n -= 1) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/** All sums of an entry of each table, the last table fastest; below 0 there is no entry. */
function places(tables) {
  let sums = Int32Array.of(0);
  for (const table of tables) {
    const next = new Int32Array(sums.length * table.length);
    let at = 0;
    for (const sum of sums) {
      for (const step of table) next[at++] = sum < 0 || step === GONE ? GONE : sum + step;
    }
    sums = next;
  }
  return sums;
}

const GONE = -(2 ** 30);

const kernels = {
  map(step, out, operands) {
    const f = functions[step.function];
    const [a, b, c] = operands.map((o) => (typeof o === "number" ? null : o));
    const [p, q, r] = operands.map((o) => (typeof o === "number" ? o : 0));
    if (operands.length === 1) {
      for (let i = 0; i < out.length; i += 1) out[i] = f(a[i]);
    } else if (operands.length === 2) {
      if (a && b) for (let i = 0; i < out.length; i += 1) out[i] = f(a[i], b[i]);
      else if (a) for (let i = 0; i < out.length; i += 1) out[i] = f(a[i], q);
      else for (let i = 0; i < out.length; i += 1) out[i] = f(p, b[i]);
    } else {
      for (let i = 0; i < out.length; i += 1) {
        out[i] = f(a ? a[i] : p, b ? b[i] : q, c ? c[i] : r);
      }
    }
  },

  take(step, out, sources) {
    const from = sources.length === 1 ? sources[0] : joined(sources);
    const { index } = step, fill = Number(step.fill);
    for (let i = 0; i < out.length; i += 1) out[i] = index[i] < 0 ? fill : from[index[i]];
  },

  scatter(step, out, [base, entries]) {
    out.set(base);
    const { index } = step;
    if (step.how === "sum") {
      for (let i = 0; i < index.length; i += 1) out[index[i]] += entries[i];
    } else {
      for (let i = 0; i < index.length; i += 1) {
        if (entries[i] > out[index[i]]) out[index[i]] = entries[i];
      }
    }
  },

  reduce(step, out, [rows]) {
    const { how, width } = step;
    for (let i = 0; i < out.length; i += 1) {
      let found = how === "sum" ? 0 : rows[i * width];
      for (let k = i * width; k < (i + 1) * width; k += 1) {
        if (how === "sum") found += rows[k];
        else if (how === "max") found = Math.max(found, rows[k]);
        else found = Math.min(found, rows[k]);
      }
      out[i] = found;
    }
  },

  matmul(step, out, [a, b]) {
    const { groups, rows, inner, columns } = step;
    const whole = rows - (rows % 4), terms = inner - (inner % 4);
    out.fill(0);
    for (let group = 0; group < groups; group += 1) {
      const first = group * rows, start = group * inner * columns;
      for (let k = 0; k < terms; k += 4) { // four rows of b stay at hand for all of a
        for (let row = first; row < first + whole; row += 4) {
          fourByFour(out, a, b, row, k, inner, columns, start);
        }
      }
      for (let row = first; row < first + whole; row += 1) {
        for (let k = terms; k < inner; k += 1) oneByOne(out, a, b, row, k, inner, columns, start);
      }
      for (let row = first + whole; row < first + rows; row += 1) {
        oneRow(out, a, b, row, inner, columns, start);
      }
    }
  },

  noise(step, out, sources, draw) {
    draw(step.law, out);
  },
};

function joined(sources) {
  const whole = new Float32Array(sources.reduce((sum, source) => sum + source.length, 0));
  let at = 0;
  for (const source of sources) {
    whole.set(source, at);
    at += source.length;
  }
  return whole;
}

/** Four rows of a product, four terms of each entry. */
function fourByFour(out, a, b, row, k, inner, columns, start) {
  const i0 = row * inner + k, i1 = i0 + inner, i2 = i1 + inner, i3 = i2 + inner;
  const o0 = row * columns, o1 = o0 + columns, o2 = o1 + columns, o3 = o2 + columns;
  const p0 = start + k * columns, p1 = p0 + columns, p2 = p1 + columns, p3 = p2 + columns;
  const s0 = a[i0], s1 = a[i0 + 1], s2 = a[i0 + 2], s3 = a[i0 + 3];
  const t0 = a[i1], t1 = a[i1 + 1], t2 = a[i1 + 2], t3 = a[i1 + 3];
  const u0 = a[i2], u1 = a[i2 + 1], u2 = a[i2 + 2], u3 = a[i2 + 3];
  const v0 = a[i3], v1 = a[i3 + 1], v2 = a[i3 + 2], v3 = a[i3 + 3];
  for (let n = 0; n < columns; n += 1) {
    const w = b[p0 + n], x = b[p1 + n], y = b[p2 + n], z = b[p3 + n];
    out[o0 + n] += s0 * w + s1 * x + s2 * y + s3 * z;
    out[o1 + n] += t0 * w + t1 * x + t2 * y + t3 * z;
    out[o2 + n] += u0 * w + u1 * x + u2 * y + u3 * z;
    out[o3 + n] += v0 * w + v1 * x + v2 * y + v3 * z;
  }
}

/** One term of a row of a product. */
function oneByOne(out, a, b, row, k, inner, columns, start) {
  const w = a[row * inner + k], o = row * columns, p = start + k * columns;
  for (let n = 0; n < columns; n += 1) out[o + n] += w * b[p + n];
}

/** One row of a product, as of a dense layer on one code, eight terms at a time. */
function oneRow(out, a, b, row, inner, columns, start) {
  const i = row * inner, o = row * columns;
  let k = 0;
  for (; k + 8 <= inner; k += 8) {
    const w0 = a[i + k], w1 = a[i + k + 1], w2 = a[i + k + 2], w3 = a[i + k + 3];
    const w4 = a[i + k + 4], w5 = a[i + k + 5], w6 = a[i + k + 6], w7 = a[i + k + 7];
    const p0 = start + k * columns, p1 = p0 + columns, p2 = p1 + columns, p3 = p2 + columns;
    const p4 = p3 + columns, p5 = p4 + columns, p6 = p5 + columns, p7 = p6 + columns;
    for (let n = 0; n < columns; n += 1) {
      out[o + n] += w0 * b[p0 + n] + w1 * b[p1 + n] + w2 * b[p2 + n] + w3 * b[p3 + n]
        + w4 * b[p4 + n] + w5 * b[p5 + n] + w6 * b[p6 + n] + w7 * b[p7 + n];
    }
  }
  for (; k < inner; k += 1) oneByOne(out, a, b, row, k, inner, columns, start);
}
