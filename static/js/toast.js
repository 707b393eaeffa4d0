// What has just been done, told for a while above the page, with a way to undo it.

const STAYS_MS = 10_000;

export class Toast {
  constructor(root) {
    Object.assign(this, {
      root,
      said: root.querySelector("[role=status]"),
      button: root.querySelector("button"),
    });
    this.button.addEventListener("click", () => this.undone());
  }

  /** Tell `text`; with `undo` it can be undone while it is told. */
  say(text, undo = null) {
    this.undo = undo;
    this.root.classList.add("is-shown");
    this.button.hidden = !undo;
    this.said.textContent = text;
    this.stay();
  }

  /** Nobody loses the button that they are about to press. */
  stay() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(
      () => (this.root.matches(":hover, :focus-within") ? this.stay() : this.leave()),
      STAYS_MS,
    );
  }

  leave() {
    this.root.classList.remove("is-shown");
    this.button.hidden = true;
    this.said.textContent = "";
  }

  async undone() {
    try {
      await this.undo();
      this.say("Undone.");
    } catch (error) {
      this.say(error.message);
    }
  }
}
