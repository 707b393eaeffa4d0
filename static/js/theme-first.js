// @ts-check
// Loaded first and blocking, so that the theme is set before the first paint.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("twitchly-theme");
  } catch {
    // Storage may be disabled; the system's theme then applies.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
