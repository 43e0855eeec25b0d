// The map of codes: points or pictures in a plane, which can be moved and enlarged.

/** A mark of a class: a colour, and another form where colours come again. */
function mark(context, label, x, y, size) {
  context.fillStyle = label < 0 ? "#888" : COLOURS[label % 7];
  const half = size / 2, kind = label < 0 ? 0 : Math.floor(label / 7) % 4;
  context.beginPath();
  if (kind === 0) context.arc(x, y, half, 0, 2 * Math.PI);
  else if (kind === 1) context.rect(x - half, y - half, size, size);
  else {
    const way = kind === 2 ? 1 : -1;
    context.moveTo(x, y - way * half);
    context.lineTo(x + half, y + way * half);
    context.lineTo(x - half, y + way * half);
  }
  context.fill();
}

class LatentMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} points labels and, for images, a sheet of pictures
   * @param {{place: function, pick: function}} told what is called when a person acts
   */
  constructor(canvas, points, told) {
    Object.assign(this, { canvas, points, told, pictures: false, pans: false, picked: -1 });
    this.at = [0, 0];
    this.pointers = new Map();
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.up(event));
    }
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), this.inside(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.resized()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Show other coordinates: two arrays with an entry for each point. */
  show(xs, ys) {
    Object.assign(this, { xs, ys });
    this.fit();
  }

  resized() {
    const sharp = devicePixelRatio || 1, { clientWidth, clientHeight } = this.canvas;
    this.size = clientWidth;
    this.canvas.width = Math.round(clientWidth * sharp);
    this.canvas.height = Math.round(clientHeight * sharp);
    this.canvas.getContext("2d").setTransform(sharp, 0, 0, sharp, 0, 0);
    if (this.xs) this.draw();
  }

  /** See all points. */
  fit() {
    const span = (values) => {
      let low = Infinity, high = -Infinity;
      for (const value of values) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      return [(low + high) / 2, high - low];
    };
    const [x, wide] = span(this.xs), [y, tall] = span(this.ys);
    this.centre = [x, y];
    this.width = 1.15 * Math.max(wide, tall, 1e-6); // of what is seen, in units of the codes
    this.whole = this.width;
    this.draw();
  }

  zoom(factor, [left, top] = [this.size / 2, this.size / 2]) {
    const [x, y] = this.codes(left, top);
    const width = Math.min(20 * this.whole, Math.max(this.whole / 200, this.width / factor));
    const share = width / this.width;
    this.centre = [x + (this.centre[0] - x) * share, y + (this.centre[1] - y) * share];
    this.width = width;
    this.draw();
  }

  pan(right, down) {
    this.centre[0] -= (right * this.width) / this.size;
    this.centre[1] += (down * this.width) / this.size;
    this.draw();
  }

  /** Where a place on the canvas lies, and back. */
  codes(left, top) {
    const unit = this.width / this.size;
    return [this.centre[0] + (left - this.size / 2) * unit, this.centre[1] - (top - this.size / 2) * unit];
  }

  pixels(x, y) {
    const unit = this.size / this.width;
    return [this.size / 2 + (x - this.centre[0]) * unit, this.size / 2 - (y - this.centre[1]) * unit];
  }

  inside(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** The point that is nearest to a place on the canvas, and how far it is. */
  near([left, top]) {
    let best = -1, least = Infinity;
    for (let n = 0; n < this.xs.length; n += 1) {
      const [x, y] = this.pixels(this.xs[n], this.ys[n]);
      const apart = Math.hypot(x - left, y - top);
      if (apart < least) [best, least] = [n, apart];
    }
    return [best, least];
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.inside(event));
    this.start = this.inside(event);
    this.dragged = false;
  }

  moved(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.inside(event);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    this.pointers.set(event.pointerId, now);
    if (Math.hypot(now[0] - this.start[0], now[1] - this.start[1]) > 4) this.dragged = true;
    if (others.length) { // two fingers
      const apart = (at) => Math.hypot(at[0] - others[0][0], at[1] - others[0][1]);
      this.zoom(apart(now) / Math.max(1, apart(before)), others[0]);
    } else if (this.dragged && (this.pans || event.shiftKey)) {
      this.pan(now[0] - before[0], now[1] - before[1]);
    } else if (this.dragged) {
      this.told.place(this.codes(...now));
    }
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId) || this.dragged || event.type !== "pointerup") return;
    const [point, apart] = this.near(this.inside(event));
    if (apart <= Math.max(12, this.side() / 2)) this.told.pick(point);
    else this.told.place(this.codes(...this.inside(event)));
  }

  key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key], step = this.width / 40;
    if (way && event.shiftKey) this.pan((-way[0] * this.size) / 20, (way[1] * this.size) / 20);
    else if (way) this.told.place([this.at[0] + way[0] * step, this.at[1] + way[1] * step]);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter") this.told.pick(this.near(this.pixels(...this.at))[0]);
    else return;
    event.preventDefault();
  }

  /** Width of a picture; they grow more slowly than the map. */
  side() {
    if (!this.pictures) return 8;
    return Math.min(96, 24 * Math.sqrt(this.whole / this.width));
  }

  draw() {
    if (!this.xs || !this.size) return;
    const context = this.canvas.getContext("2d"), side = this.side();
    context.clearRect(0, 0, this.size, this.size);
    context.imageSmoothingEnabled = side < this.points.thumb;
    const seen = [];
    for (let n = 0; n < this.xs.length; n += 1) {
      const [x, y] = this.pixels(this.xs[n], this.ys[n]);
      if (x < -side || y < -side || x > this.size + side || y > this.size + side) continue;
      if (n !== this.picked) seen.push([n, x, y]);
    }
    if (this.picked >= 0) seen.push([this.picked, ...this.pixels(this.xs[this.picked], this.ys[this.picked])]);
    for (const [n, x, y] of seen) {
      if (this.pictures) this.points.picture(context, n, x - side / 2, y - side / 2, side);
      else mark(context, this.points.labels ? this.points.labels[n] : -1, x, y, 7);
    }
    const style = getComputedStyle(this.canvas);
    context.lineWidth = 2.5;
    if (this.picked >= 0) {
      const [, x, y] = seen.at(-1);
      context.strokeStyle = style.getPropertyValue("--off");
      context.strokeRect(x - side / 2 - 3, y - side / 2 - 3, side + 6, side + 6);
    }
    this.cross(context, ...this.pixels(...this.at), style);
  }

  /** The place that is decoded. */
  cross(context, x, y, style) {
    for (const [colour, width] of [[style.getPropertyValue("--page"), 5], [style.getPropertyValue("--dot"), 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 5 * dx, y + 5 * dy);
        context.lineTo(x + 14 * dx, y + 14 * dy);
      }
      context.stroke();
    }
  }
}
