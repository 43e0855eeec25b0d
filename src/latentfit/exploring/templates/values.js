// What entries mean: samples in the units and words of their file.

/** Numbers of the file from what the network sees, entry by entry. */
function unitsOf(told, array) {
  const shift = array(told.shift), scale = array(told.scale);
  return (seen, entry) => {
    let value = seen * scale[entry] + shift[entry];
    if (told.counts) value = Math.expm1(value);
    if (!told.whole) return value;
    return Math.min(told.high ?? Infinity, Math.max(told.low ?? -Infinity, Math.round(value)));
  };
}

/** A number as a person reads it. */
function short(value, digits = 4) {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  return String(Number(value.toPrecision(digits)));
}

/** A number of the file: the curve of its column, straight from point to point. */
function numberOf(column, value) {
  const { seen, held } = column;
  const last = seen.length - 1;
  if (value <= seen[0]) return held[0];
  if (value >= seen[last]) return held[last];
  let end = 1;
  while (seen[end] < value) end += 1;
  const share = (value - seen[end - 1]) / (seen[end] - seen[end - 1]);
  return held[end - 1] + share * (held[end] - held[end - 1]);
}

function dateOf(column, seen) {
  const seconds = Math.round(numberOf(column, seen) / column.step) * column.step;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "no date";
  const text = date.toISOString();
  if (column.step >= 86400) return text.slice(0, 10);
  return `${text.slice(0, 10)} ${text.slice(11, column.step >= 60 ? 16 : 19)}`;
}

/** The cell of a column in a sample, as text. */
function cellOf(column, seen) {
  const { kind, start, width, levels } = column;
  if (kind === "constant") return column.value;
  if (kind === "choice") {
    let place = seen[start] >= 0.5 ? 1 : 0;
    if (width > 1) {
      place = 0;
      for (let k = 1; k < width; k += 1) if (seen[start + k] > seen[start + place]) place = k;
    }
    return place < levels.length ? levels[place] : "missing";
  }
  if (column.missing && seen[start + 1] < 0.5) return "missing";
  if (kind === "date") return dateOf(column, seen[start]);
  const value = numberOf(column, seen[start]);
  return column.decimals === null ? short(value) : value.toFixed(column.decimals);
}

/** Names of what a row holds, and a row as text. */
function rowsOf(form, array) {
  if (form.columns) {
    return {
      names: form.columns.map((column) => column.name),
      cells: (seen) => form.columns.map((column) => cellOf(column, seen)),
    };
  }
  const unit = unitsOf(form.units, array);
  return {
    names: form.names,
    cells: (seen) => form.names.map((_, entry) => short(unit(seen[entry], entry))),
  };
}

/** Pixels of a canvas from an image in [0, 1], or, of bytes, in 0 to 255. */
function pixelsOf(form, seen, factor) {
  const [, height, width] = form.shape;
  const pixels = new ImageData(width, height);
  const planes = form.channels.length === 1 ? Array(3).fill(form.channels[0]) : form.channels;
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      pixels.data[4 * i + c] = Math.round(factor * seen[planes[c] * width * height + i]);
    }
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** The code that is nearest to another, and those after it: places, nearest first. */
function nearest(codes, size, code, count, without) {
  const found = [];
  for (let n = 0; n < codes.length / size; n += 1) {
    if (n === without) continue;
    let apart = 0;
    for (let d = 0; d < size; d += 1) apart += (codes[n * size + d] - code[d]) ** 2;
    found.push([apart, n]);
  }
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, count).map(([, n]) => n);
}
