import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["static/js/*.js", "tests/e2e/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/clients/*.mjs"], languageOptions: { globals: globals.node } },
];
