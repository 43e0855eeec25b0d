// Sliders, attributes and new samples: ways to a code that are not the map.

/** A labelled range; `act(value)` is called while it moves. */
function slider(name, low, high, act) {
  const label = element("label", undefined, "slider"), input = element("input");
  const output = element("output");
  Object.assign(input, { type: "range", min: low, max: high, step: (high - low) / 200 });
  input.setAttribute("aria-label", name);
  label.append(element("span", name), input, output);
  const show = (value) => {
    input.value = value;
    output.textContent = short(Number(value), 3);
  };
  input.addEventListener("input", () => {
    output.textContent = short(Number(input.value), 3);
    act(Number(input.value));
  });
  return { label, show };
}

/** A slider for each open dimension, the most important first; the first twelve are in sight. */
class Sliders {
  constructor(play) {
    const { dimensions, worth, closed } = play.told, first = 12;
    this.sliders = dimensions.map((dimension, rank) => {
      const [low, high] = play.range(dimension);
      const share = `${Math.round(100 * worth[rank])} %`;
      return slider(`dimension ${dimension} · ${share}`, low, high, (value) => {
        const code = Float64Array.from(play.code);
        code[dimension] = value;
        play.go(code, this);
      });
    });
    this.dimensions = dimensions;
    const labels = this.sliders.map((one) => one.label);
    document.getElementById("sliders").append(...labels.slice(0, first));
    document.getElementById("others").append(...labels.slice(first));
    const more = document.getElementById("more");
    more.hidden = labels.length <= first;
    more.firstElementChild.textContent = `${labels.length - first} more`;
    document.getElementById("closed").textContent = "The most important first: a share says how much "
      + "of what the dimensions change in the samples is by this one."
      + (closed ? ` ${closed} dimensions that the mask closed are left out.` : "");
  }

  follow(code) {
    this.sliders.forEach((one, rank) => one.show(code[this.dimensions[rank]]));
  }
}

/** Along the direction of an attribute, from the code that was there when one began. */
class Attribute {
  constructor(play) {
    const { names, along } = play.told.directions, size = play.told.latent;
    const ways = play.array(along);
    this.select = document.getElementById("attribute");
    this.strength = document.getElementById("strength");
    this.said = document.getElementById("strength-said");
    document.getElementById("attribute-card").hidden = names.length === 0;
    names.forEach((name, place) => this.select.append(new Option(name, place)));
    this.select.addEventListener("change", () => this.follow(play.code));
    this.strength.addEventListener("input", () => {
      const share = Number(this.strength.value), start = Number(this.select.value) * size;
      this.said.textContent = short(share, 2);
      play.go(this.base.map((value, d) => value + share * ways[start + d]), this);
    });
  }

  follow(code) {
    this.base = Float64Array.from(code);
    this.strength.value = 0;
    this.said.textContent = "0";
  }
}

/** Samples from the prior, drawn in the page, none left out. */
class Draws {
  constructor(play) {
    const { prior, settle, stored, priorName } = play.told;
    this.play = play;
    this.prior = prior && new Program(prior, play.array);
    this.settle = settle && new Program(settle, play.array);
    this.stored = prior ? null : play.array(stored);
    this.count = play.form.kind === "row" ? 12 : 24;
    this.gallery = new Gallery(document.getElementById("draws"), play.form, SMALL[play.form.kind]);
    const size = play.told.latent;
    document.getElementById("drawn").textContent = `${this.count} draws, as they come, none chosen. `
      + (prior
        ? `The prior (${priorName}) runs in the page; the same seed gives the same samples.`
        : `The prior (${priorName}) cannot run in a page: codes are taken at random from `
          + `${this.stored.length / size} that were drawn of it when the page was made.`)
      + (settle ? " Rows are drawn from the laws that the decoder gives, as latentfit sample does." : "")
      + " Choose one to see it on the map.";
    this.seed = document.getElementById("seed");
    this.seed.addEventListener("change", () => this.show());
    document.getElementById("again").addEventListener("click", () => {
      this.seed.value = (Number(this.seed.value) + 1) % 2 ** 32;
      this.show();
    });
  }

  /** Codes and samples of a seed. */
  *drawn(seed, count) {
    const noise = generator(seed), size = this.play.told.latent;
    const fill = (law, out) => noise.fill(law, out);
    for (let n = 0; n < count; n += 1) {
      let code;
      if (this.prior) {
        code = Float64Array.from(this.prior.run([], fill));
      } else {
        const at = size * Math.floor((noise.uniform() * this.stored.length) / size);
        code = Float64Array.from(this.stored.subarray(at, at + size));
      }
      const mean = this.play.decode(code);
      yield { code, seen: this.settle ? this.settle.run([mean], fill).slice() : mean };
    }
  }

  /** In parts, so that the page answers while a large decoder works. */
  async show() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const items = [], seed = Math.trunc(Number(this.seed.value)) || 0;
    let rested = performance.now();
    for (const { code, seen } of this.drawn(seed, this.count)) {
      const name = `${items.length + 1}`;
      items.push({ caption: name, seen, act: () => this.play.go(code, this, `new sample ${name} of seed ${seed}`) });
      if (performance.now() - rested > 30) {
        await new Promise((done) => setTimeout(done));
        rested = performance.now();
        if (turn !== this.turn) return; // another seed was asked for
      }
    }
    this.gallery.show(items);
    this.play.shown = seed;
  }
}
