// @ts-check
// Detects whether a list is in use, with the mouse pointer or the keyboard focus in it.

export class HoverOrFocus {
  #reasons = { pointer: false, focus: false };
  #onChange;

  /**
   * @param {HTMLElement} element
   * @param {(isActive: boolean) => void} onChange
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

  get isActive() {
    return this.#reasons.pointer || this.#reasons.focus;
  }

  /**
   * @param {"pointer" | "focus"} reason
   * @param {boolean} isActive
   */
  #set(reason, isActive) {
    this.#reasons[reason] = isActive;
    this.#onChange(this.isActive);
  }
}
