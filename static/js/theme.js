// @ts-check
// The color theme: the system's until the user switches it; the choice is stored in localStorage.

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
    // Storage may be disabled; the theme then applies to this page only.
  }
  listeners.forEach((listener) => listener());
}

/**
 * Call `listener` after each change of theme by the user or the system, and before and after printing.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

// Printed pages always use the light theme.
for (const query of [systemDark, matchMedia("print")])
  query.addEventListener("change", () => listeners.forEach((listener) => listener()));
