// @ts-check
// The colour theme: the system's until the reader switches it, then kept in localStorage.

const KEY = "twitchly-theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");
/** @type {Set<() => void>} */
const listeners = new Set();

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemDark.matches;
}

export function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be off: the theme holds for this page.
  }
  listeners.forEach((listener) => listener());
}

/**
 * Call `listener` after each change of theme, by the reader or the system.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

systemDark.addEventListener("change", () => listeners.forEach((listener) => listener()));
