// The straight line between the codes of two samples.

const STEP = 1 / 120; // of the way, for a picture of the screen

class Walk {
  constructor(play) {
    this.play = play;
    this.ends = [0, Math.min(1, play.count - 1)];
    this.share = document.getElementById("share");
    this.said = document.getElementById("share-said");
    this.button = document.getElementById("run");
    this.gallery = new Gallery(document.getElementById("ends"), play.form, SMALL[play.form.kind]);
    this.share.addEventListener("input", () => {
      this.stop();
      this.to(Number(this.share.value));
    });
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    ["set-a", "set-b"].forEach((id, end) => {
      document.getElementById(id).addEventListener("click", () => {
        this.ends[end] = play.picked;
        this.show();
      });
    });
    this.show();
  }

  show() {
    const items = this.ends.map((n, end) => ({
      caption: `${"AB"[end]}: ${this.play.name(n)}`,
      seen: this.play.sample(n),
      act: () => this.play.pick(n),
    }));
    this.gallery.show(items);
  }

  /** Decode a share of the way. */
  to(share) {
    const [a, b] = this.ends.map((n) => this.play.codeOf(n));
    this.share.value = share;
    this.said.textContent = short(share, 2);
    this.play.go(a.map((value, d) => value + share * (b[d] - value)), this);
  }

  start() {
    this.button.textContent = "Stop";
    let share = Number(this.share.value), way = share >= 1 ? -1 : 1;
    const frame = () => {
      share += way * STEP;
      this.to(Math.min(1, Math.max(0, share)));
      if (share <= 0 || share >= 1) this.stop();
      else this.timer = requestAnimationFrame(frame);
    };
    this.timer = requestAnimationFrame(frame);
  }

  stop() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.button.textContent = "Walk";
  }

  /** Another way was taken: the walk is over. */
  follow() {
    this.stop();
    this.share.value = 0;
    this.said.textContent = "0";
  }
}
