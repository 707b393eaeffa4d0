// One's own notes on the channel's time axis: kept, changed, deleted, and brought back for a moment.

import { reach } from "./reach.js";
import { fieldMs, fieldValueInSeconds, timeElement } from "./times.js";

const UNDO_FOR_MS = 10_000;

const $ = (id) => document.getElementById(id);

export class Notes {
  /** `onChange()` when there are others; `icon()` makes the sign of a note; `clock()` in ms. Without an account there are none. */
  constructor({ onChange, icon, clock }) {
    Object.assign(this, { onChange, icon, clock, all: [], editing: null });
    if (!this.isOn) return;
    this.form = $("note-form");
    this.addText = $("note-save").textContent;
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => this.submit(event));
    $("note-cancel").addEventListener("click", () => this.leave());
    $("undo-delete").addEventListener("click", () => this.restore());
  }

  get isOn() {
    return $("notes") !== null;
  }

  /** Show a channel's notes: `known` ones at once, otherwise they are asked for. */
  async open(channel, known) {
    if (!this.isOn || channel === this.channel) return;
    this.channel = channel;
    this.leave();
    this.say("");
    this.offerUndo(null);
    this.take(known ?? []);
    if (known) return;
    const found = await this.send("", null);
    if (found && channel === this.channel) this.take(found.notes);
  }

  /** Notes that lie between two times, as marks. */
  marks({ fromMs, untilMs }) {
    return this.all
      .filter((note) => note.at_ms >= fromMs && note.at_ms <= untilMs)
      .map(({ mark }) => mark);
  }

  /** Put a time into the form, unless a note is being changed. */
  suggest(atMs) {
    if (!this.isOn || this.editing !== null) return;
    this.suggested = atMs;
    $("note-at").value = fieldValueInSeconds(atMs);
  }

  /** Begin a note at a time. */
  begin(atMs) {
    if (!this.isOn) return;
    this.leave();
    this.suggest(atMs);
    $("note-text").focus();
  }

  take(notes) {
    this.all = [...notes].sort((one, other) => one.at_ms - other.at_ms || one.id - other.id);
    $("no-notes").hidden = this.all.length > 0;
    $("note-list").replaceChildren(...this.all.toReversed().map((note) => this.item(note)));
    this.onChange();
  }

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

  edit(note) {
    this.leave();
    this.suggest(note.at_ms);
    this.editing = note.id;
    $("note-text").value = note.text;
    $("note-save").textContent = "Save";
    $("note-cancel").hidden = false;
    $("note-text").focus();
  }

  leave() {
    this.editing = null;
    this.form.reset();
    this.suggest(this.clock());
    $("note-save").textContent = this.addText;
    $("note-cancel").hidden = true;
    $("note-wrong").textContent = "";
  }

  async submit(event) {
    event.preventDefault();
    const { editing } = this;
    const fields = {
      at_ms: fieldMs($("note-at").value, this.suggested),
      text: $("note-text").value,
    };
    const note = await this.send(editing === null ? "" : `/${editing}`, fields);
    if (!note) return;
    this.leave();
    this.take([...this.all.filter(({ id }) => id !== note.id), note]);
    this.say(editing === null ? "Note added." : "Note saved.");
    this.offerUndo(null);
  }

  async remove({ id }) {
    const answer = await this.send(`/${id}/delete`, {});
    if (!answer) return;
    if (this.editing === id) this.leave();
    this.take(this.all.filter((note) => note.id !== id));
    this.say("Note deleted.");
    this.offerUndo(answer.undo);
    $("undo-delete").focus();
  }

  async restore() {
    const note = await this.send("/restore", { undo: this.undo });
    this.offerUndo(null);
    $("note-text").focus();
    if (!note) return;
    this.take([...this.all.filter(({ id }) => id !== note.id), note]);
    this.say("Note restored.");
  }

  /** Offer to undo a deletion for a while, or no longer. */
  offerUndo(undo) {
    clearTimeout(this.undoTimer);
    this.undo = undo;
    const hadFocus = document.activeElement === $("undo-delete");
    $("undo-delete").hidden = undo === null;
    if (undo !== null) this.undoTimer = setTimeout(() => this.forgetUndo(), UNDO_FOR_MS);
    else if (hadFocus) $("note-text").focus();
  }

  forgetUndo() {
    this.offerUndo(null);
    this.say("");
  }

  say(text) {
    $("undo").querySelector("span").textContent = text;
  }

  /** Ask for the notes, or with `fields` write; return the answer, undefined when it was refused, which is told. */
  async send(path, fields) {
    const { channel } = this;
    $("note-wrong").textContent = "";
    try {
      const answer = await fetch(
        `/channels/${channel}/notes${path}`,
        fields ? this.post(fields) : {},
      );
      const body = await answer.json();
      if (channel !== this.channel) return undefined;
      if (answer.ok) return body;
      $("note-wrong").textContent = body.reason;
    } catch {
      reach.missed();
      $("note-wrong").textContent = "The note could not be saved. Try again.";
    }
    return undefined;
  }

  post(fields) {
    const headers = { "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value };
    return { method: "POST", headers, body: new URLSearchParams(fields) };
  }
}

function button(text, label, onClick) {
  const element = document.createElement("button");
  element.className = "btn ghost small";
  element.type = "button";
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}
