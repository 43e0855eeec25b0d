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
    const { index, fill } = step;
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
    out.fill(0);
    for (let group = 0; group < groups; group += 1) {
      const start = group * rows;
      let row = start;
      for (; row + 4 <= start + rows; row += 4) {
        fourRows(out, a, b, row, inner, columns, group * inner * columns);
      }
      for (; row < start + rows; row += 1) {
        oneRow(out, a, b, row, inner, columns, group * inner * columns);
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

/** Four rows of a product at once, two terms at a time: each entry of b is read for all four. */
function fourRows(out, a, b, row, inner, columns, start) {
  const i0 = row * inner, i1 = i0 + inner, i2 = i1 + inner, i3 = i2 + inner;
  const o0 = row * columns, o1 = o0 + columns, o2 = o1 + columns, o3 = o2 + columns;
  let k = 0;
  for (; k + 2 <= inner; k += 2) {
    const w0 = a[i0 + k], w1 = a[i1 + k], w2 = a[i2 + k], w3 = a[i3 + k];
    const v0 = a[i0 + k + 1], v1 = a[i1 + k + 1], v2 = a[i2 + k + 1], v3 = a[i3 + k + 1];
    const p = start + k * columns, q = p + columns;
    for (let n = 0; n < columns; n += 1) {
      const x = b[p + n], y = b[q + n];
      out[o0 + n] += w0 * x + v0 * y;
      out[o1 + n] += w1 * x + v1 * y;
      out[o2 + n] += w2 * x + v2 * y;
      out[o3 + n] += w3 * x + v3 * y;
    }
  }
  for (; k < inner; k += 1) {
    const p = start + k * columns;
    for (let n = 0; n < columns; n += 1) {
      const x = b[p + n];
      out[o0 + n] += a[i0 + k] * x;
      out[o1 + n] += a[i1 + k] * x;
      out[o2 + n] += a[i2 + k] * x;
      out[o3 + n] += a[i3 + k] * x;
    }
  }
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
  for (; k < inner; k += 1) {
    const w = a[i + k], p = start + k * columns;
    for (let n = 0; n < columns; n += 1) out[o + n] += w * b[p + n];
  }
}
