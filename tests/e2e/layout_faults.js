// @ts-check
// Finds text that overlaps, is cut off or leaves its box in the current layout of the page.
// The file evaluates to a promise of the faults: see layout.py. Text on a canvas and in CSS
// `content` cannot be measured and is not checked.
"use strict";

/**
 * Start and end in px, relative to the viewport.
 * @typedef {[number, number]} Span
 * @typedef {{ x: Span, y: Span }} Edges
 * A line of text. `source` is its text node, or the form control that draws it.
 * @typedef {{ text: string, source: Node, element: Element, edges: Edges }} Line
 * The box of an element. `clips` says what happens to content beyond `inner`, by axis.
 * @typedef {"cut" | "scroll" | ""} Clip
 * @typedef {object} Box
 * @property {Element} element
 * @property {CSSStyleDeclaration} style
 * @property {Edges} inner
 * @property {Edges} outer
 * @property {{ x: Clip, y: Clip }} clips
 * @property {boolean} isDrawn - has a background or a border
 * @property {boolean} isHidden - hides its content, possibly except from screen readers
 * @property {boolean} holdsAbsolute
 * @property {boolean} holdsFixed
 * @typedef {{ text: string, where: string, edges: Edges }} Part
 * @typedef {{ kind: "overlap" | "cut" | "outside", parts: Part[] }} Fault
 */

// Rounding, and the space above and below glyphs, make up to this much of an overlap invisible.
const TOLERANCE_PX = 2;
// The arrow at the end of a select.
const ARROW_PX = 20;
const BUTTONS = ["button", "submit", "reset"];
const CONTROLS = "select, input, textarea";
const AXES = /** @type {const} */ (["x", "y"]);
const SIDES = ["top", "right", "bottom", "left"];

const lengthOf = (/** @type {Span} */ [start, end]) => end - start;
const normalized = (/** @type {string} */ text) => text.replace(/\s+/g, " ").trim();
const isTransparent = (/** @type {string} */ color) => /^rgba\(.*, 0\)$|\/ 0\)$/.test(color);

/** @type {Map<Element, Box>} */
const boxes = new Map();

/**
 * Return the faults after fonts have loaded and a change of size or theme has been drawn.
 * @returns {Promise<Fault[]>}
 */
async function layoutFaults() {
  await document.fonts.ready;
  // A resize observer runs in the first frame, and what it draws is laid out by the second one.
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  scrollTo({ top: 0, left: 0, behavior: "instant" });
  const followed = [...textLines(), ...controlLines()].map(follow);
  const seen = followed.flatMap(({ line, seen }) => (seen ? [{ ...line, edges: seen }] : []));
  return [...followed.flatMap(({ faults }) => faults), ...overlaps(seen)];
}

/** Yield the lines of all text nodes. */
function* textLines() {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (nodes.nextNode()) {
    const node = /** @type {Text} */ (nodes.currentNode);
    const element = node.parentElement;
    const text = normalized(node.data);
    if (!text || !element || !isShown(element)) continue;
    range.selectNodeContents(node);
    for (const rectangle of range.getClientRects()) {
      if (rectangle.width > 0) yield { text, source: node, element, edges: edgesOf(rectangle) };
    }
  }
}

/** Yield the text that form controls draw. */
function* controlLines() {
  for (const control of document.querySelectorAll(CONTROLS)) {
    const text = normalized(controlText(control));
    if (!text || !isShown(control)) continue;
    const { inner, style } = boxOf(control);
    /** @type {Edges} */
    const edges = { x: [inner.x[0], inner.x[0] + textWidth(text, style)], y: inner.y };
    yield { text, source: control, element: control, edges };
  }
}

/**
 * Return the label of a button, the choice of a select, or a placeholder. The value of a field is
 * not included, because it can be scrolled.
 * @param {Element} control
 */
function controlText(control) {
  if (control instanceof HTMLSelectElement) return control.selectedOptions[0]?.text ?? "";
  if (control instanceof HTMLInputElement && BUTTONS.includes(control.type)) return control.value;
  const isField = control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement;
  return isField && !control.value ? control.placeholder : "";
}

/**
 * @param {string} text
 * @param {CSSStyleDeclaration} style
 */
function textWidth(text, style) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) throw new Error("no canvas");
  context.font = style.font;
  context.letterSpacing = style.letterSpacing === "normal" ? "0px" : style.letterSpacing;
  return context.measureText(text).width;
}

/** @param {Element} element */
function isShown(element) {
  return (
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !isTransparent(boxOf(element).style.color)
  );
}

/**
 * Follow a line outwards through the boxes around it. Return its faults, and the edges of its
 * visible part, null if it has none.
 * @param {Line} line
 * @returns {{ line: Line, faults: Fault[], seen: Edges | null }}
 */
function follow(line) {
  /** @type {Fault[]} */
  const faults = [];
  const seen = { ...line.edges };
  let isInBox = false;
  for (const box of boxesAround(line.element)) {
    if (box.isHidden) return { line, faults: [], seen: null };
    const clipped = AXES.filter((axis) => box.clips[axis]);
    const isCut = clipped.some(
      (axis) =>
        box.clips[axis] === "cut" &&
        isOutside(seen[axis], box.inner[axis]) &&
        !isReadableElsewhere(line, box, axis),
    );
    if (isCut) faults.push(fault("cut", line, box.element, box.inner));
    for (const axis of clipped) seen[axis] = common(seen[axis], box.inner[axis]);
    if (AXES.some((axis) => lengthOf(seen[axis]) <= 0)) return { line, faults, seen: null };
    if (isInBox || !box.isDrawn) continue;
    isInBox = true;
    const isOut = AXES.some((axis) => isOutside(seen[axis], box.outer[axis]));
    if (isOut) faults.push(fault("outside", line, box.element, box.outer));
  }
  // The skip link waits above the page until it has the focus.
  if (seen.y[1] <= 0) return { line, faults: [], seen: null };
  const root = document.documentElement;
  /** @type {Edges} */
  const page = { x: [0, root.clientWidth], y: [0, root.scrollHeight] };
  if (isOutside(seen.x, page.x)) faults.push(fault("outside", line, root, page));
  return { line, faults, seen };
}

/**
 * Yield the boxes that can hold or clip an element, from its own outwards. An ancestor without
 * `position` neither holds nor clips an absolutely positioned descendant. The body and the root do
 * not clip.
 * @param {Element} element
 */
function* boxesAround(element) {
  const end = [document.body, document.documentElement];
  let position = "static";
  for (const ancestor of lineage(element)) {
    if (end.includes(/** @type {HTMLElement} */ (ancestor))) return;
    const box = boxOf(ancestor);
    if (position === "absolute" && !box.holdsAbsolute) continue;
    if (position === "fixed" && !box.holdsFixed) continue;
    yield box;
    position = box.style.position;
  }
}

/**
 * Yield an element and its ancestors.
 * @param {Element} element
 */
function* lineage(element) {
  for (let one = /** @type {Element | null} */ (element); one; one = one.parentElement) yield one;
}

/**
 * @param {Element} element
 * @returns {Box}
 */
function boxOf(element) {
  const known = boxes.get(element);
  if (known) return known;
  const style = getComputedStyle(element);
  const [inner, clips] = [innerEdges(element, style), clipsOf(element, style)];
  const holdsFixed = style.transform !== "none" || style.contain !== "none";
  const box = {
    element,
    style,
    inner,
    outer: edgesOf(element.getBoundingClientRect()),
    clips,
    isDrawn: isDrawn(style),
    isHidden:
      style.clipPath === "inset(50%)" ||
      AXES.some((axis) => clips[axis] && lengthOf(inner[axis]) <= 1),
    holdsAbsolute: holdsFixed || style.position !== "static",
    holdsFixed,
  };
  boxes.set(element, box);
  return box;
}

/**
 * Return the edges that clip the content of an element: those of its padding box or of the viewport
 * of an SVG. A control shows its text inside the padding, and a select before its arrow.
 * @param {Element} element
 * @param {CSSStyleDeclaration} style
 * @returns {Edges}
 */
function innerEdges(element, style) {
  if (element instanceof SVGSVGElement && element.ownerSVGElement) return viewportOf(element);
  const { left, top } = element.getBoundingClientRect();
  const isControl = element.matches(CONTROLS);
  const [before, after] = [style.paddingLeft, style.paddingRight].map((padding) =>
    isControl ? parseFloat(padding) : 0,
  );
  const arrow = element instanceof HTMLSelectElement ? ARROW_PX : 0;
  const [x, y] = [left + element.clientLeft, top + element.clientTop];
  return {
    x: [x + before, x + element.clientWidth - after - arrow],
    y: [y, y + element.clientHeight],
  };
}

/**
 * Return the viewport of an SVG inside another one; its bounding rectangle is that of its content.
 * @param {SVGSVGElement} svg
 * @returns {Edges}
 */
function viewportOf(svg) {
  const parent = /** @type {SVGGraphicsElement} */ (svg.parentNode);
  const matrix = parent.getScreenCTM() ?? new DOMMatrix();
  const [x, y] = [svg.x.baseVal.value, svg.y.baseVal.value];
  const [width, height] = [svg.width.baseVal.value, svg.height.baseVal.value];
  const start = new DOMPoint(x, y).matrixTransform(matrix);
  const end = new DOMPoint(x + width, y + height).matrixTransform(matrix);
  return { x: [start.x, end.x], y: [start.y, end.y] };
}

/**
 * @param {Element} element
 * @param {CSSStyleDeclaration} style
 * @returns {{ x: Clip, y: Clip }}
 */
function clipsOf(element, { display, overflowX, overflowY }) {
  if (element.matches(CONTROLS)) return { x: "cut", y: "" };
  if (display === "inline" && element instanceof HTMLElement) return { x: "", y: "" };
  /** @type {Record<string, Clip>} */
  const clips = { visible: "", hidden: "cut", clip: "cut" };
  return { x: clips[overflowX] ?? "scroll", y: clips[overflowY] ?? "scroll" };
}

/** @param {CSSStyleDeclaration} style */
function isDrawn(style) {
  if (style.display === "contents") return false;
  if (!isTransparent(style.backgroundColor) || style.backgroundImage !== "none") return true;
  return SIDES.some((side) => {
    const color = style.getPropertyValue(`border-${side}-color`);
    return parseFloat(style.getPropertyValue(`border-${side}-width`)) > 0 && !isTransparent(color);
  });
}

/**
 * Return whether text that ends in an ellipsis can be read elsewhere: in a title or label, behind
 * its link, or in the opened select.
 * @param {Line} line
 * @param {Box} clipper
 * @param {"x" | "y"} axis
 */
function isReadableElsewhere({ element, text }, clipper, axis) {
  if (axis === "y" || clipper.style.textOverflow !== "ellipsis") return false;
  if (element.closest("a[href], select")) return true;
  const names = [...lineage(element)].flatMap((one) => [
    one.getAttribute("title"),
    one.getAttribute("aria-label"),
    one.querySelector(":scope > title")?.textContent,
  ]);
  return names.some((name) => normalized(name ?? "").includes(text));
}

/**
 * Return the faults of lines that overlap.
 * @param {Line[]} lines
 */
function overlaps(lines) {
  /** @type {Fault[]} */
  const faults = [];
  const sorted = lines.toSorted((a, b) => a.edges.y[0] - b.edges.y[0]);
  sorted.forEach((line, index) => {
    for (let next = index + 1; next < sorted.length; next++) {
      const other = sorted[next];
      if (other.edges.y[0] >= line.edges.y[1]) break;
      const isOver = AXES.every(
        (axis) => lengthOf(common(line.edges[axis], other.edges[axis])) > TOLERANCE_PX,
      );
      if (!isOver || line.source === other.source) continue;
      if (layerOf(line.element) !== layerOf(other.element)) continue;
      faults.push({ kind: "overlap", parts: [part(line), part(other)] });
    }
  });
  return faults;
}

/**
 * Return the dialog, open popover or fixed bar that shows an element above the page, if any.
 * @param {Element} element
 */
function layerOf(element) {
  return [...lineage(element)].find(
    (one) =>
      one.matches("dialog[open], :popover-open") || getComputedStyle(one).position === "fixed",
  );
}

/**
 * @param {"cut" | "outside"} kind
 * @param {Line} line
 * @param {Element} holder
 * @param {Edges} edges
 * @returns {Fault}
 */
function fault(kind, line, holder, edges) {
  return { kind, parts: [part(line), { text: "", where: pathOf(holder), edges }] };
}

/**
 * @param {Line} line
 * @returns {Part}
 */
function part({ text, element, edges }) {
  return { text, where: pathOf(element), edges };
}

/**
 * Return the end of the path to an element, such as `main > p.note > a`.
 * @param {Element} element
 */
function pathOf(element) {
  const names = [...lineage(element)].map((one) =>
    [one.localName + (one.id && `#${one.id}`), ...one.classList].join("."),
  );
  return names.slice(0, 4).reverse().join(" > ");
}

/**
 * @param {Span} inner
 * @param {Span} outer
 */
function isOutside(inner, outer) {
  return inner[0] < outer[0] - TOLERANCE_PX || inner[1] > outer[1] + TOLERANCE_PX;
}

/**
 * Return the overlap of two spans; its length is negative if they are apart.
 * @param {Span} a
 * @param {Span} b
 */
function common(a, b) {
  return /** @type {Span} */ ([Math.max(a[0], b[0]), Math.min(a[1], b[1])]);
}

/**
 * @param {DOMRect} rectangle
 * @returns {Edges}
 */
function edgesOf({ left, right, top, bottom }) {
  return { x: [left, right], y: [top, bottom] };
}

layoutFaults();
