// @ts-check
// Passkeys, where there can be none: browsers make them for sites with a name and HTTPS alone, and for this machine.

import { all } from "./dom.js";

const CONTROLS =
  "#passkey_login, #mfa_webauthn_add, #mfa_webauthn_reauthenticate, #mfa_webauthn_authenticate, a[href$='/2fa/webauthn/add/']";
const isBareAddress = /^[\d.]+$|^\[/.test(location.hostname);
const isThisMachine = /^127\.|^\[::1\]$/.test(location.hostname);

/** Why there can be none here, "" where there can. */
function obstacle() {
  if (isBareAddress)
    return `Passkeys do not work at an IP address such as ${location.hostname}. Open Twitchly by its host name${isThisMachine ? ", localhost" : ""}.`;
  if (!isSecureContext) return "Passkeys need HTTPS. This page was loaded without it.";
  return "PublicKeyCredential" in globalThis ? "" : "This browser does not support passkeys.";
}

const why = obstacle();
if (why) {
  // Hidden, not gone: the scripts that belong to them look for them.
  for (const control of all(document, CONTROLS)) {
    const note = document.createElement("p");
    note.className = "xs muted";
    note.textContent = why;
    control.before(note);
    control.hidden = true;
  }
}
