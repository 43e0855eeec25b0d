// The code that is decoded now, and who is told when it changes.

/** Width of small pictures, by the form of samples. */
const SMALL = { image: "5.2rem", line: "min(11rem, calc(50% - .3rem))", row: "" };

/** Where points lie on the map: two directions of the space of codes. */
class Plane {
  constructor(play) {
    this.play = play;
    const { components, dimensions, worth } = play.told;
    const axes = play.array(components.axes), size = play.told.latent;
    this.centre = play.array(components.centre);
    this.kinds = {
      "principal components": components.shares.map((share, k) => ({
        name: `component ${k + 1} (${Math.round(100 * share)} %)`,
        along: axes.slice(k * size, (k + 1) * size),
        share,
      })),
      "latent dimensions": dimensions.map((dimension, rank) => ({
        name: `dimension ${dimension} (rank ${rank + 1})`,
        along: Float32Array.from({ length: size }, (_, d) => (d === dimension ? 1 : 0)),
        share: worth[rank],
      })),
    };
    this.selects = ["kind", "across", "up"].map((id) => document.getElementById(id));
    for (const kind of Object.keys(this.kinds)) this.selects[0].append(new Option(kind));
    this.selects[0].addEventListener("change", () => this.offer());
    for (const select of this.selects.slice(1)) select.addEventListener("change", () => this.use());
    this.offer();
  }

  offer() {
    const axes = this.kinds[this.selects[0].value];
    this.selects.slice(1).forEach((select, place) => {
      select.replaceChildren(...axes.map((axis, k) => new Option(axis.name, k)));
      select.value = Math.min(place, axes.length - 1);
    });
    this.use();
  }

  use() {
    const kind = this.selects[0].value, axes = this.kinds[kind];
    const [across, up] = this.selects.slice(1).map((select) => Number(select.value));
    this.axes = [axes[across], across === up ? null : axes[up]];
    // Components are told from the mean code, dimensions as they are.
    this.origin = kind === "principal components" ? this.centre : this.centre.map(() => 0);
    const { play } = this, codes = Array.from({ length: play.count }, (_, n) => play.codeOf(n));
    play.map?.show(...[0, 1].map((k) => codes.map((code) => this.coordinates(code)[k])));
    const share = this.axes.reduce((sum, axis) => sum + (axis ? axis.share : 0), 0);
    const of = kind === "principal components"
      ? `of the variance of the codes on this page` : "of what the dimensions change in the samples";
    document.getElementById("projection").textContent = `Projection: ${kind}, `
      + `${this.axes.filter(Boolean).map((axis) => axis.name).join(" and ")}; together `
      + `${Math.round(100 * share)} % ${of}. What is decoded keeps its other coordinates.`;
    if (play.code) play.follow();
  }

  coordinates(code) {
    return this.axes.map((axis) => {
      if (!axis) return 0;
      return axis.along.reduce((sum, value, d) => sum + value * (code[d] - this.origin[d]), 0);
    });
  }

  /** A code moved within the plane, to a place of the map. */
  moved(code, place) {
    const now = this.coordinates(code), found = Float64Array.from(code);
    this.axes.forEach((axis, k) => {
      axis?.along.forEach((value, d) => (found[d] += (place[k] - now[k]) * value));
    });
    return found;
  }
}

class Play {
  constructor(told, array) {
    Object.assign(this, { told, array, picked: 0 });
    this.form = { ...told.form, ...this.meaning() };
    this.codes = array(told.points.codes);
    this.samples = array(told.points.samples);
    this.labels = told.points.labels === null ? null : array(told.points.labels);
    this.count = told.points.ids.length;
    this.program = new Program(told.decode, array);
    this.listeners = [];
    const { kind, low, high } = this.form;
    this.reach = kind === "line" ? ` Lines are drawn from ${short(low, 3)} to ${short(high, 3)}.` : "";
  }

  /** What views need of the form of the samples. */
  meaning() {
    const { form } = this.told;
    if (form.kind === "row") return rowsOf(form, this.array);
    if (form.kind !== "line") return {};
    const unit = unitsOf(form.units, this.array), length = form.shape[0] * form.shape[1];
    let low = Infinity, high = -Infinity;
    this.array(this.told.points.samples).forEach((seen, place) => {
      const value = unit(seen, place % length);
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
    return { unit, low, high };
  }

  decode(code) {
    return this.program.run([code]).slice();
  }

  codeOf(n) {
    return Float64Array.from(this.codes.subarray(n * this.told.latent, (n + 1) * this.told.latent));
  }

  sample(n) {
    const size = this.samples.length / this.count;
    return this.samples.subarray(n * size, (n + 1) * size);
  }

  name(n) {
    if (!this.labels) return this.told.points.ids[n];
    const label = this.told.classes[this.labels[n]];
    return `${this.told.points.ids[n]} · ${/^\d+$/.test(label) ? "class " : ""}${label}`;
  }

  /** What a slider of a dimension spans: all codes, and a little more. */
  range(dimension) {
    const values = Array.from({ length: this.count }, (_, n) => this.codes[n * this.told.latent + dimension]);
    const low = Math.min(...values), high = Math.max(...values), room = 0.15 * (high - low) || 1;
    return [low - room, high + room];
  }

  /** Decode another code; all are told but the one by whom it was changed. */
  go(code, by, name = null) {
    this.code = Float64Array.from(code);
    for (const listener of this.listeners) if (listener !== by) listener.follow(this.code);
    this.wait ??= requestAnimationFrame(() => {
      this.wait = null;
      this.show();
    });
    this.called = name ?? (by === this ? this.name(this.picked) : null);
    this.follow();
  }

  follow() {
    this.map.at = this.plane.coordinates(this.code);
    this.map.draw();
  }

  show() {
    const began = performance.now(), seen = this.decode(this.code);
    const time = performance.now() - began;
    this.here.show([{ caption: "decoded", seen }]);
    document.getElementById("where").textContent =
      `${this.called ? `The code of ${this.called}. ` : ""}Decoded in ${time.toFixed(1)} ms.${this.reach}`;
    this.last = seen;
  }

  /** Take a sample: what it is, what is made of it, and what lies near it. */
  pick(n) {
    this.picked = n;
    this.map.picked = n;
    const code = this.codeOf(n);
    document.getElementById("called").textContent = this.name(n);
    const pair = [{ caption: this.told.encodes ? "sample" : "decoded draw", seen: this.sample(n) }];
    if (this.told.encodes) pair.push({ caption: "reconstruction", seen: this.decode(code) });
    this.pair.show(pair);
    this.near.show(nearest(this.codes, this.told.latent, code, 6, n).map((other) => ({
      caption: this.name(other), seen: this.sample(other), act: () => this.pick(other),
    })));
    this.go(code, this);
  }
}

/** A sheet of small pictures of all samples, made once; nothing where samples are no images. */
function thumbnails(play) {
  if (play.form.kind !== "image") return { thumb: 0 };
  const [, height, width] = play.form.shape, factor = Math.min(1, 48 / Math.max(height, width));
  const side = Math.round(factor * Math.max(height, width)), columns = 64;
  const sheet = new OffscreenCanvas(side * columns, side * Math.ceil(play.count / columns));
  const one = new OffscreenCanvas(width, height), into = sheet.getContext("2d");
  const place = (n) => [side * (n % columns), side * Math.floor(n / columns)];
  for (let n = 0; n < play.count; n += 1) {
    one.getContext("2d").putImageData(pixelsOf(play.form, play.sample(n), 1), 0, 0);
    const [w, h] = [width * factor, height * factor], [x, y] = place(n);
    into.drawImage(one, x + (side - w) / 2, y + (side - h) / 2, w, h);
  }
  return {
    thumb: side,
    picture: (context, n, x, y, size) => context.drawImage(sheet, ...place(n), side, side, x, y, size, size),
  };
}

function legend(play) {
  const seen = new Set(play.labels ?? []);
  play.told.classes.forEach((name, label) => {
    if (!seen.has(label)) return;
    const line = element("li"), canvas = element("canvas");
    canvas.width = canvas.height = 28;
    mark(canvas.getContext("2d"), label, 14, 14, 20);
    line.append(canvas, element("span", name));
    document.getElementById("legend").append(line);
  });
}

/** The first sample as PyTorch decoded it, against the page. */
function checked(play) {
  const expected = play.array(play.told.expected), found = play.decode(play.codeOf(0));
  let apart = 0, size = 0;
  expected.forEach((value, place) => {
    apart = Math.max(apart, Math.abs(value - found[place]));
    size = Math.max(size, Math.abs(value));
  });
  const share = apart / (size || 1), fine = share < 1e-4;
  document.getElementById("checked").textContent = "The decoder runs in this page, without a network. "
    + `Its first sample differs from PyTorch's by ${share.toExponential(0)} of the largest entry.`;
  if (!fine) throw new Error("the decoder gives other numbers here than in PyTorch; use another browser");
}

function buttons(map, play) {
  const on = (id, act) => document.getElementById(id).addEventListener("click", act);
  on("in", () => map.zoom(1.5));
  on("out", () => map.zoom(1 / 1.5));
  on("fit", () => map.fit());
  for (const input of document.querySelectorAll("[name=marks]")) {
    input.checked = (input.value === "pictures") === map.pictures;
    input.addEventListener("change", () => {
      map.pictures = input.value === "pictures";
      map.draw();
    });
  }
  document.getElementById("marks").hidden = play.form.kind !== "image";
  for (const input of document.querySelectorAll("[name=drag]")) {
    input.addEventListener("change", () => {
      map.pans = input.value === "pans";
      map.canvas.classList.toggle("pans", map.pans);
    });
  }
}

async function main() {
  const told = JSON.parse(document.getElementById("told").textContent);
  const array = await unpacked(document.getElementById("arrays").textContent, told.store);
  document.getElementById("arrays").remove(); // its text is not needed any more
  const play = new Play(told, array);
  document.getElementById("said").textContent =
    `${told.points.said}; ${told.latent} latent dimensions${told.closed ? `, ${told.latent - told.closed} open` : ""}.`;
  document.getElementById("play").hidden = false;
  checked(play);
  const find = (id) => document.getElementById(id), { kind } = play.form;
  const wide = kind === "line";
  play.here = new Gallery(find("here"), play.form, "100%");
  play.pair = new Gallery(find("sample"), play.form, wide ? "min(14rem, calc(50% - .3rem))" : "8rem");
  play.near = new Gallery(find("near"), play.form, SMALL[kind]);
  play.plane = new Plane(play);
  play.map = new LatentMap(find("map"), { labels: play.labels, ...thumbnails(play) }, {
    place: (place) => play.go(play.plane.moved(play.code, place), play.map),
    pick: (n) => play.pick(n),
  });
  play.map.pictures = kind === "image";
  play.map.resized();
  legend(play);
  buttons(play.map, play);
  const draws = new Draws(play), walk = new Walk(play);
  play.listeners = [new Sliders(play), new Attribute(play), walk];
  play.plane.use();
  play.pick(0);
  await draws.show();
  // For those who want numbers: in the console, explore.decode([0, ...]).
  globalThis.explore = Object.freeze({
    decode: (code) => Array.from(play.decode(code)),
    draw: (seed, count) => [...draws.drawn(seed, count)].map((one) => [...one.code, ...one.seen]),
    get code() { return Array.from(play.code); },
    get picked() { return play.picked; },
    get view() { return [play.map.width, ...play.map.centre]; },
    pixels: (n) => play.map.pixels(play.map.xs[n], play.map.ys[n]),
  });
}

main().catch((error) => {
  const fault = document.getElementById("fault");
  fault.textContent = `This page cannot be played with: ${error.message}.`;
  fault.hidden = false;
  document.getElementById("play").hidden = true;
  throw error;
});
