// @ts-check
// Explains why passkeys are unavailable. Browsers support them only on a host name with HTTPS, and on localhost.

import { all } from "./dom.js";

const CONTROLS =
  "#passkey_login, #mfa_webauthn_add, #mfa_webauthn_reauthenticate, #mfa_webauthn_authenticate, a[href$='/2fa/webauthn/add/']";
const isBareAddress = /^[\d.]+$|^\[/.test(location.hostname);
const isThisMachine = /^127\.|^\[::1\]$/.test(location.hostname);

/** Return the reason why passkeys are unavailable, or "" if they are available. */
function obstacle() {
  if (isBareAddress)
    return `Passkeys do not work at an IP address such as ${location.hostname}. Open Twitchly by its host name${isThisMachine ? ", localhost" : ""}.`;
  if (!isSecureContext) return "Passkeys require HTTPS, but this page was loaded without it.";
  return "PublicKeyCredential" in globalThis ? "" : "This browser does not support passkeys.";
}

const why = obstacle();
if (why) {
  // Hidden, not removed: allauth's scripts expect the controls.
  for (const control of all(document, CONTROLS)) {
    const note = document.createElement("p");
    note.className = "xs muted";
    note.textContent = why;
    control.before(note);
    control.hidden = true;
  }
}
