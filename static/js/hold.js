// @ts-check
// Detects whether a list is in use: the mouse pointer or the keyboard focus is in it.

export class Hold {
  #held = { pointer: false, focus: false };
  #onChange;

  /**
   * @param {HTMLElement} element
   * @param {(isHeld: boolean) => void} onChange
   */
  constructor(element, onChange) {
    this.#onChange = onChange;
    element.addEventListener("pointerenter", (event) =>
      this.#set("pointer", event.pointerType === "mouse"),
    );
    element.addEventListener("pointerleave", () => this.#set("pointer", false));
    element.addEventListener("focusin", ({ target }) =>
      this.#set("focus", target instanceof Element && target.matches(":focus-visible")),
    );
    element.addEventListener("focusout", () => this.#set("focus", false));
  }

  get isHeld() {
    return this.#held.pointer || this.#held.focus;
  }

  /**
   * @param {"pointer" | "focus"} reason
   * @param {boolean} isHeld
   */
  #set(reason, isHeld) {
    this.#held[reason] = isHeld;
    this.#onChange(this.isHeld);
  }
}
