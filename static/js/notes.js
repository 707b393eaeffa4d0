// @ts-check
// The user's notes on a channel's time axis: add, edit, delete, and undo a deletion.

import { $, byId, field, inside } from "./dom.js";
import { reach } from "./reach.js";
import { fieldMs, fieldValueInSeconds, timeElement } from "./times.js";

const UNDO_FOR_MS = 10_000;

/** Return the signed-in user's notes, or null for a signed-out visitor. */
export function ownNotes(/** @type {ConstructorParameters<typeof Notes>[0]} */ options) {
  return document.getElementById("notes") ? new Notes(options) : null;
}

export class Notes {
  /** @type {Note[]} */
  all = [];
  /** @type {number | null} */
  editing = null;
  channel = "";
  /** @type {number | null} */
  suggested = null;
  /** @type {string | null} */
  undo = null;
  /** @type {number | undefined} */
  undoTimer;
  form = byId("note-form", HTMLFormElement);
  at = byId("note-at", HTMLInputElement);
  text = byId("note-text", HTMLInputElement);
  addText = $("note-save").textContent;

  /**
   * @param {object} options
   * @param {() => void} options.onChange - called when the notes change
   * @param {() => Element} options.icon - creates the icon of a note
   * @param {() => number} options.clock - returns the current time, in ms
   */
  constructor({ onChange, icon, clock }) {
    this.onChange = onChange;
    this.icon = icon;
    this.clock = clock;
    this.form.hidden = false;
    $("begin-note").hidden = false;
    $("begin-note").addEventListener("click", () => this.begin(this.clock()));
    this.form.addEventListener("submit", (event) => this.submit(event));
    $("note-cancel").addEventListener("click", () => this.leave());
    $("undo-delete").addEventListener("click", () => this.restore());
  }

  /**
   * Show a channel's notes. If `known` is null, request them.
   * @param {string} channel
   * @param {Note[] | null} known
   */
  async open(channel, known) {
    if (channel === this.channel) return;
    this.channel = channel;
    this.leave();
    this.say("");
    this.offerUndo(null);
    this.setNotes(known ?? []);
    if (known) return;
    /** @type {{ notes: Note[] } | undefined} */
    const reply = await this.send("", null);
    if (reply && channel === this.channel) this.setNotes(reply.notes);
  }

  /**
   * Return the marks of notes between two times.
   * @param {import("./span.js").Span} span
   */
  marks({ fromMs, untilMs }) {
    return this.all
      .filter((note) => note.at_ms >= fromMs && note.at_ms <= untilMs)
      .map(({ mark }) => mark);
  }

  /**
   * Put a time into the form, unless a note is being edited.
   * @param {number} atMs
   */
  suggest(atMs) {
    if (this.editing !== null) return;
    this.suggested = atMs;
    this.at.value = fieldValueInSeconds(atMs);
  }

  /**
   * Start a new note at a given time.
   * @param {number} atMs
   */
  begin(atMs) {
    this.leave();
    this.suggest(atMs);
    this.text.focus();
  }

  /** @param {Note[]} notes */
  setNotes(notes) {
    this.all = [...notes].sort((a, b) => a.at_ms - b.at_ms || a.id - b.id);
    $("no-notes").hidden = this.all.length > 0;
    $("note-list").replaceChildren(...this.all.toReversed().map((note) => this.item(note)));
    this.onChange();
  }

  /** @param {Note} note */
  item(note) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    text.className = "grow";
    text.textContent = note.text;
    const edit = button("Edit", `Edit note: ${note.text}`, () => this.edit(note));
    const remove = button("Delete", `Delete note: ${note.text}`, () => this.remove(note));
    item.append(this.icon(), timeElement(note.at_ms), text, edit, remove);
    return item;
  }

  /** @param {Note} note */
  edit(note) {
    this.leave();
    this.suggest(note.at_ms);
    this.editing = note.id;
    this.text.value = note.text;
    $("note-save").textContent = "Save";
    $("note-cancel").hidden = false;
    this.text.focus();
  }

  leave() {
    this.editing = null;
    this.form.reset();
    this.suggest(this.clock());
    $("note-save").textContent = this.addText;
    $("note-cancel").hidden = true;
    $("note-wrong").textContent = "";
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    const { editing } = this;
    const fields = {
      at_ms: String(fieldMs(this.at.value, this.suggested)),
      text: this.text.value,
    };
    /** @type {Note | undefined} */
    const note = await this.send(editing === null ? "" : `/${editing}`, fields);
    if (!note) return;
    this.leave();
    this.setNotes([...this.all.filter(({ id }) => id !== note.id), note]);
    this.say(editing === null ? "Note added." : "Note saved.");
    this.offerUndo(null);
  }

  /** @param {Note} note */
  async remove({ id }) {
    /** @type {{ undo: string } | undefined} */
    const response = await this.send(`/${id}/delete`, {});
    if (!response) return;
    if (this.editing === id) this.leave();
    this.setNotes(this.all.filter((note) => note.id !== id));
    this.say("Note deleted.");
    this.offerUndo(response.undo);
    $("undo-delete").focus();
  }

  async restore() {
    /** @type {Note | undefined} */
    const note = await this.send("/restore", { undo: this.undo ?? "" });
    this.offerUndo(null);
    this.text.focus();
    if (!note) return;
    this.setNotes([...this.all.filter(({ id }) => id !== note.id), note]);
    this.say("Note restored.");
  }

  /**
   * Offer to undo a deletion for a while; null withdraws the offer.
   * @param {string | null} undo
   */
  offerUndo(undo) {
    clearTimeout(this.undoTimer);
    this.undo = undo;
    const hadFocus = document.activeElement === $("undo-delete");
    $("undo-delete").hidden = undo === null;
    if (undo !== null) this.undoTimer = setTimeout(() => this.expireUndo(), UNDO_FOR_MS);
    else if (hadFocus) this.text.focus();
  }

  expireUndo() {
    this.offerUndo(null);
    this.say("");
  }

  /** @param {string} text */
  say(text) {
    inside($("undo"), "span").textContent = text;
  }

  /**
   * Request the notes, or post `fields`. Return the response; after a failure, show the reason and return undefined.
   * @param {string} path
   * @param {Record<string, string> | null} fields
   */
  async send(path, fields) {
    const { channel } = this;
    $("note-wrong").textContent = "";
    try {
      const response = await fetch(
        `/channels/${channel}/notes${path}`,
        fields ? this.post(fields) : {},
      );
      const body = await response.json();
      if (channel !== this.channel) return undefined;
      if (response.ok) return body;
      $("note-wrong").textContent = body.reason;
    } catch {
      reach.missed();
      $("note-wrong").textContent = "The note could not be saved. Try again.";
    }
    return undefined;
  }

  /** @param {Record<string, string>} fields */
  post(fields) {
    const token = field(this.form, "csrfmiddlewaretoken", HTMLInputElement).value;
    const headers = { "X-CSRFToken": token };
    return { method: "POST", headers, body: new URLSearchParams(fields) };
  }
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} onClick
 */
function button(text, label, onClick) {
  const element = document.createElement("button");
  element.className = "btn ghost small";
  element.type = "button";
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}
