// A network as a list of steps: constants and memory are laid out once, then it only computes.

class Program {
  /**
   * @param {object} told steps, constants, inputs, output
   * @param {function} array an array of the store, by its number
   */
  constructor(told, array) {
    this.inputs = told.inputs;
    this.output = told.output;
    this.held = new Array(told.count);
    for (const [number, place] of Object.entries(told.constants)) this.held[number] = array(place);
    const fixed = new Set(Object.keys(told.constants).map(Number));
    this.steps = [];
    for (const step of told.steps) {
      if (step.tables) step.index = places(step.tables.map(array));
      this.held[step.to] = new Float32Array(step.size);
      const values = step.from.filter((from) => typeof from === "number");
      if (step.op !== "noise" && values.every((number) => fixed.has(number))) {
        this.play(step, null); // the same for all codes
        fixed.add(step.to);
      } else {
        this.steps.push(step);
      }
    }
  }

  play(step, draw) {
    const from = step.from.map((one) => (typeof one === "number" ? this.held[one] : Number(one.is)));
    kernels[step.op](step, this.held[step.to], from, draw);
  }

  /** What it gives; the array is written over at the next call. `draw(law, array)` fills noise. */
  run(inputs, draw) {
    inputs.forEach((input, place) => {
      this.held[this.inputs[place]] = Float32Array.from(input);
    });
    for (const step of this.steps) this.play(step, draw);
    return this.held[this.output];
  }
}

/** The arrays of the page, by their numbers. */
async function unpacked(text, told) {
  const letters = atob(text.trim()), packed = new Uint8Array(letters.length);
  for (let i = 0; i < packed.length; i += 1) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const kinds = {
    uint8: Uint8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array,
  };
  return (number) => {
    const [kind, start, count] = told[number];
    return new kinds[kind](bytes, start, count);
  };
}

/** A generator of noise that gives the same for the same seed: 32 bits that are mixed well. */
function generator(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0; // each state once in 2^32 draws
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  for (let warm = 0; warm < 8; warm += 1) uniform();
  return {
    uniform,
    fill(law, out) {
      for (let i = 0; i < out.length; i += 1) out[i] = law === "normal" ? normal() : uniform();
    },
  };
}
