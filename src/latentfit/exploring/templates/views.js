// Samples on the page: pictures, lines or rows of a table, each with what it is called.

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7B3F00", "#888"];

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text; // text of data is never markup
  if (className) made.className = className;
  return made;
}

/** An image, a pixel for a pixel, enlarged by the browser. */
class ImageView {
  constructor(form) {
    this.form = form;
    this.element = element("canvas");
    [, this.element.height, this.element.width] = form.shape;
    this.element.setAttribute("role", "img");
  }

  show(seen) {
    const factor = seen instanceof Uint8Array ? 1 : 255;
    this.element.getContext("2d").putImageData(pixelsOf(this.form, seen, factor), 0, 0);
  }
}

/** Channels of a signal as lines over their positions, in the units of the file. */
class LineView {
  constructor(form) {
    this.form = form;
    const make = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
    this.element = make("svg");
    this.element.setAttribute("viewBox", "0 0 240 120");
    this.element.setAttribute("role", "img");
    this.lines = Array.from({ length: form.shape[0] }, (_, channel) => {
      const line = make("polyline");
      line.style.stroke = channel % 8 === 0 ? "var(--dot)" : COLOURS[channel % 8];
      this.element.append(line);
      return line;
    });
  }

  show(seen) {
    const { low, high, unit, shape: [, length] } = this.form;
    this.lines.forEach((line, channel) => {
      const points = [];
      for (let t = 0; t < length; t += 1) {
        const entry = channel * length + t;
        const y = 5 + (110 * (high - unit(seen[entry], entry))) / (high - low || 1);
        points.push(`${((240 * t) / Math.max(1, length - 1)).toFixed(1)},${y.toFixed(1)}`);
      }
      line.setAttribute("points", points.join(" "));
    });
  }
}

/** Samples side by side; those that can be chosen are buttons. */
class Gallery {
  /**
   * @param {Element} place where it goes
   * @param {object} form what samples are
   * @param {string} side width of a picture, in CSS
   */
  constructor(place, form, side) {
    this.place = place;
    this.form = form;
    this.figures = [];
    this.place.className = form.kind === "row" ? "scroll" : "gallery";
    this.place.style.setProperty("--side", side);
  }

  /** @param {Array<{caption: string, seen: ArrayLike<number>, act?: function}>} items */
  show(items) {
    if (this.form.kind === "row") {
      this.place.replaceChildren(items.length > 3 ? this.across(items) : this.down(items));
      return;
    }
    if (this.figures.length !== items.length) {
      this.figures = items.map((item) => this.figure(Boolean(item.act)));
      this.place.replaceChildren(...this.figures.map((figure) => figure.outer));
    }
    items.forEach((item, place) => {
      const { outer, view, caption } = this.figures[place];
      view.show(item.seen);
      view.element.setAttribute("aria-label", item.caption);
      caption.textContent = item.caption;
      outer.onclick = item.act ?? null;
    });
  }

  figure(acts) {
    const view = this.form.kind === "image" ? new ImageView(this.form) : new LineView(this.form);
    const outer = element(acts ? "button" : "figure", undefined, acts ? "act" : "");
    if (acts) outer.type = "button";
    const caption = element(acts ? "span" : "figcaption", "", "soft");
    outer.append(view.element, caption);
    return { outer, view, caption };
  }

  head(item) {
    const head = element("th");
    head.scope = "col";
    const button = item.act ? element("button", item.caption) : element("span", item.caption);
    if (item.act) {
      button.type = "button";
      button.onclick = item.act;
    }
    head.append(button);
    return head;
  }

  /** A line for each column, samples beside one another. */
  down(items) {
    const table = element("table"), top = element("tr");
    top.append(element("th", ""), ...items.map((item) => this.head(item)));
    table.append(top);
    const cells = items.map((item) => this.form.cells(item.seen));
    this.form.names.forEach((name, place) => {
      const line = element("tr"), head = element("th", name);
      head.scope = "row";
      line.append(head, ...cells.map((cell) => element("td", cell[place])));
      table.append(line);
    });
    return table;
  }

  /** A line for each sample, as in the file. */
  across(items) {
    const table = element("table"), top = element("tr");
    top.append(element("th", ""), ...this.form.names.map((name) => element("th", name)));
    table.append(top);
    for (const item of items) {
      const line = element("tr"), head = this.head(item);
      head.scope = "row";
      line.append(head, ...this.form.cells(item.seen).map((cell) => element("td", cell)));
      table.append(line);
    }
    return table;
  }
}
