// @ts-check
// Handles the end of the session, unless the user is signing out.

let isSigningOut = false;

/** Record that the user is signing out, because live connections close before the next page arrives. */
export function watchSignOut() {
  document.addEventListener("submit", ({ target }) => {
    if (target instanceof HTMLFormElement && target.action.endsWith("/account/logout/"))
      isSigningOut = true;
  });
}

/** Reload the page, so that the server asks the user to sign in. */
export function reload() {
  if (!isSigningOut) location.reload();
}

/** Open the sign-in page, which leads back to this page. */
export function signIn() {
  if (isSigningOut) return;
  const next = encodeURIComponent(location.pathname + location.search);
  location.assign(`/account/login/?next=${next}`);
}
