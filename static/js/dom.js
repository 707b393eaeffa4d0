// @ts-check
// Lookup of elements; most functions throw if an element is missing.

/**
 * Return the element with an id.
 * @param {string} id
 */
export function $(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is missing`);
  return element;
}

/**
 * Return the element with an id; throw if it is not of the given type.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`#${id} is not of type ${type.name}`);
}

/**
 * Return the first element inside `root` that matches.
 * @param {ParentNode} root
 * @param {string} selector
 */
export function inside(root, selector) {
  const element = /** @type {HTMLElement | null} */ (root.querySelector(selector));
  if (!element) throw new Error(`${selector} is missing`);
  return element;
}

/**
 * Return the first element inside `root` that matches; throw if it is not of the given type.
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 */
export function insideOf(root, selector, type) {
  const element = root.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`${selector} is not of type ${type.name}`);
}

/**
 * Return all elements inside `root` that match.
 * @param {ParentNode} root
 * @param {string} selector
 */
export function all(root, selector) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector))];
}

/**
 * Return the children of an element.
 * @param {ParentNode} root
 */
export function childrenOf(root) {
  return /** @type {HTMLElement[]} */ ([...root.children]);
}

/**
 * Return the closest matching ancestor of an event's target, or null.
 * @template {Element} T
 * @param {Event} event
 * @param {string} selector
 * @param {new () => T} type
 */
export function closest(event, selector, type) {
  const element = event.target instanceof Element ? event.target.closest(selector) : null;
  return element instanceof type ? element : null;
}

/**
 * Return a field of a form by its name.
 * @template {Element} T
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {new () => T} type
 */
export function field(form, name, type) {
  const element = form.elements.namedItem(name);
  if (element instanceof type) return element;
  throw new Error(`the field ${name} is not of type ${type.name}`);
}

/**
 * Write text only if it has changed, because screen readers announce each change.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Return the data that the server wrote into an element with json_script.
 * @param {string} id
 */
export const dataOf = (id) => JSON.parse($(id).textContent ?? "");
