/** The page on which a person labels documents. It talks to the server that served it, and to nothing else. */

import { ApiError, get } from "./api.js";
import { Changes } from "./changes.js";
import { commandsOf } from "./commands.js";
import { Documents } from "./documents.js";
import { count, element, find, number, places, say } from "./dom.js";
import { Saving, showState } from "./figures.js";
import { openDialog, showGuide } from "./guide.js";
import { Keys } from "./keys.js";
import { LabelledDocument } from "./labelled.js";
import { ParagraphList } from "./list.js";
import { Outbox } from "./outbox.js";
import { Retrain } from "./retrain.js";
import { Who } from "./who.js";
import { Work } from "./work.js";

const RETRY = 2000; // milliseconds between attempts to begin
const ANYWHERE = new Set(["guide", "search"]); // commands whose keys act outside of the paragraphs, too

class Session {
  constructor(state) {
    this.state = state;
    this.open = null; // the document that is shown
    this.outbox = new Outbox(this);
    this.saving = new Saving(this.outbox);
    this.changes = new Changes(state.seq, this.outbox.client, { heard: (...all) => this.heard(...all), failed: (error) => this.pollFailed(error), sending: () => this.outbox.sending });
    this.list = new ParagraphList(new Map(state.labels.map(({ name }, at) => [name, at % 6])), () => this.moved());
    this.who = new Who(state.annotator, () => this.list.rename(this.who.name), () => this.leave());
    this.work = new Work(this);
    this.documents = new Documents((at) => this.run(() => this.show(at)), () => this.leave());
    this.retrain = new Retrain(() => this.changes.poll());
    this.keys = new Keys(state.labels);
    this.commands = commandsOf(this);
    this.latest = new Map(); // from a document to the last event that is known of it
    this.held = null; // key presses that wait until a document is there
  }

  /** The last event that the user can have seen in the open document. */
  get seen() {
    return Math.max(this.changes.seen, this.open.seq);
  }

  async begin() {
    showGuide(this.state);
    this.keys.show(this.state.kinds.filter((each) => each.label === this.state.kinds[0].label).map(({ key }) => key));
    this.buttons();
    document.addEventListener("keydown", (event) => this.pressed(event));
    this.outbox.send();
    this.changed();
    this.tell(this.state);
    const first = await this.documents.nextOpen(-1);
    if (!this.documents.total) find("document-title").textContent = "There are no documents.";
    else await this.run(() => this.show(first ?? 0));
    this.changes.start();
    this.documents.load().catch((error) => this.pollFailed(error));
  }

  /** Open a document, at its first paragraph without a label. Returns whether it could be opened. */
  async show(at, cursor = null) {
    let answer;
    try {
      do answer = await get(`documents/${at}`); while (answer.seq < (this.latest.get(at) ?? 0));
    } catch (error) {
      this.held?.splice(0); // they were meant for this document
      say(`The document cannot be opened. ${error.message}`);
      return false;
    }
    this.open = new LabelledDocument(answer, this.outbox.queue.filter((entry) => entry.document === at));
    this.list.render(this.open, this.who.name);
    this.documents.open(at);
    this.listing(false);
    this.list.go(cursor ?? Math.max(0, this.open.unlabelled(0)));
    this.changed();
    return true;
  }

  /** Do something that takes time; keys that are pressed meanwhile wait for it. */
  async run(action) {
    const outer = this.held === null;
    if (outer) this.held = [];
    try {
      await action();
    } finally {
      if (outer) {
        const held = this.held;
        this.held = null;
        for (const each of held) await this.obey(each);
      }
    }
  }

  pressed(event) {
    const { target } = event;
    if (document.querySelector("dialog[open]") || target.closest("input, select, textarea")) return;
    if (target.closest("button, a") && /^(Enter| |Arrow.*)$/.test(event.key) && !event.ctrlKey) return;
    const { kinds } = this.work.kinds();
    const meant = this.keys.read(event, kinds.map(({ key }) => key));
    const working = target === document.body || target.closest("#paragraphs, #bar");
    if (!meant || !(working || ANYWHERE.has(meant.command))) return;
    event.preventDefault();
    if (meant.again || !this.open) return;
    if (this.held) this.held.push(meant);
    else this.obey(meant);
  }

  obey({ label, kind, key, command }) {
    if (label) return this.work.label(label);
    if (kind) return this.work.kind(kind);
    if (key) return this.work.kindOf(key);
    return this.commands[command]();
  }

  extend(on) {
    this.list.extending = on;
    find("range").ariaPressed = String(on);
    if (on) say("Range: go to its other end, then give a label.");
  }

  step(by) {
    const at = this.open.number + by;
    if (at < 0 || at >= this.documents.total) return say(by > 0 ? "This is the last document." : "This is the first document.");
    return this.run(async () => {
      if (await this.show(at)) say(`Document ${number(at + 1)} of ${number(this.documents.total)}.`);
    });
  }

  search() {
    this.listing(true);
    find("search").focus();
    find("search").select();
  }

  /** Show the list of documents in the place of the paragraphs, where there is no room for both. */
  listing(on) {
    document.body.classList.toggle("listing", on);
    find("open-documents").ariaExpanded = String(on);
  }

  /** Back to the paragraphs. */
  leave() {
    this.listing(false);
    this.list.focus();
  }

  buttons() {
    const does = (id, action) => find(id).addEventListener("click", action);
    does("open-guide", this.commands.guide);
    does("open-retrain", () => openDialog(find("retrain"), () => this.leave()));
    does("open-documents", () => { if (document.body.classList.contains("listing")) this.leave(); else this.search(); });
    does("previous-document", this.commands.previousDocument);
    does("next-document", this.commands.nextDocument);
    does("done", () => this.obey({ command: this.open.done ? "reopen" : "done" }));
    const bar = find("bar");
    bar.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays on the paragraph
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && this.open) this.obey(button.dataset);
    });
    find("label-buttons").replaceChildren(...this.state.labels.map(({ name, key }, at) => this.button("label", name, name, key, at % 6)));
  }

  button(role, value, name, key, hue) {
    const made = element("button", { type: "button" }, `${name} `, ...(key ? [element("kbd", { textContent: key })] : []));
    made.dataset[role] = value;
    if (hue !== undefined) made.dataset.hue = hue;
    return made;
  }

  // The rest is told by the parts of the page.

  moved() {
    this.work.aim(null);
  }

  /** Something that the head or the foot shows has changed. */
  changed() {
    this.saving.show();
    if (!this.open) return;
    const { paragraphs, labelled, done, id } = this.open;
    const title = this.documents.rows[this.open.number]?.title || paragraphs[0]?.text.slice(0, 80) || id;
    find("document-title").textContent = title;
    find("document-state").textContent = `Document ${number(this.open.number + 1)} of ${number(this.documents.total)} · ${id} · ` +
      `${number(labelled)} of ${count(paragraphs.length, "paragraph")} labelled${done ? " · done" : ""}`;
    find("done").firstChild.textContent = done ? "Reopen " : "Done ";
    find("done").lastChild.textContent = done ? "⇧ d" : "d";
    find("done").classList.toggle("main", !done);
    find("end").hidden = labelled < paragraphs.length || done;
    find("end").textContent = "Every paragraph has a label. Press Enter or d: the document is done, and the next one follows.";
    this.documents.set(this.open.number, { labelled, done });
    this.showKinds();
  }

  showKinds() {
    const { first, last } = this.work.range();
    const { label, kinds } = this.work.kinds();
    find("kind-name").textContent = label ? `Kind of ${places(first, last)}` : "Kind: after the label";
    if (find("kind-buttons").dataset.of === String(label)) return; // a button may have the focus
    find("kind-buttons").dataset.of = label;
    find("kind-buttons").replaceChildren(find("kind-name"), ...kinds.map(({ name, key }) => this.button("kind", name, name, key)));
  }

  tell(state) {
    const { sha256 } = this.state.model;
    this.state = { ...this.state, ...state };
    showState(this.state);
    this.retrain.show(this.state.retrain);
    if (sha256 !== this.state.model.sha256 && this.open) {
      this.run(() => this.show(this.open.number, this.list.cursor));
      say("The suggestions are those of another model now.");
    }
  }

  /** Remember the events of documents, so that an older answer is not shown. */
  know(changes) {
    for (const { document, seq } of changes) this.latest.set(document, Math.max(seq, this.latest.get(document) ?? 0));
  }

  acknowledged(entry, answer) {
    this.know(answer.applied);
    this.changes.acknowledged(answer);
    if (this.open?.number === entry.document) {
      for (const at of this.open.acknowledge(entry, answer)) this.list.update(at);
    }
    if (answer.kept?.length) say(`Not undone: ${count(answer.kept.length, "paragraph")} that another window has changed since.`);
    if (answer.conflicts?.length) this.clashed(entry, answer.conflicts);
    this.state = { ...this.state, labelled: answer.labelled, agreement: answer.agreement };
    showState(this.state);
    this.changed();
  }

  /** Another window was first. Its labels stay, and the user decides. */
  clashed(entry, conflicts) {
    const [{ paragraph, document }] = conflicts;
    say(`${count(conflicts.length, "conflict")} with another window, from paragraph ${number(paragraph + 1)} of document ${number(document + 1)} on. Press c.`);
    this.changes.poll();
  }

  /** Take back an entry that the server did not take, and those that undo it. The open document is asked for again. */
  refused(entry, error, undone) {
    const { action, first, last } = entry.event;
    const what = first === undefined ? `“${action}”` : places(first, last);
    this.work.forget(entry);
    this.saving.refusal = `Not saved: ${what} of document ${number(entry.document + 1)}. ${error.message}`;
    if (action === "done" || action === "reopen") this.documents.finished(entry.document, action === "reopen");
    if (this.open?.number !== entry.document) return;
    for (const at of [entry, ...undone].flatMap((each) => this.open.settle(each))) this.list.update(at);
    this.run(() => this.show(entry.document, this.list.cursor));
  }

  heard(changes, done, state) {
    this.know(changes);
    const elsewhere = new Set();
    for (const change of changes) {
      if (this.open?.number !== change.document) elsewhere.add(change.document);
      else if (this.open.hear(change)) this.list.update(change.paragraph);
    }
    for (const each of done) {
      this.documents.finished(each.document, each.done);
      const waiting = this.outbox.queue.some((entry) => entry.document === each.document);
      if (this.open?.number === each.document && !waiting) this.open.done = each.done;
    }
    if (elsewhere.size) this.documents.refresh(elsewhere).catch((error) => this.pollFailed(error));
    this.saving.lost = null;
    if (this.outbox.trouble) this.outbox.retry();
    this.tell(state);
    this.changed();
  }

  pollFailed(error) {
    if (!(error instanceof ApiError)) throw error;
    this.saving.lost = error;
    this.saving.show();
  }
}

/** The server's state, as soon as it can be reached. */
async function reached() {
  for (;;) {
    try {
      return await get("state");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      find("banner").hidden = false;
      find("banner-text").textContent = `${error.message} Trying again …`;
      await new Promise((resolve) => { setTimeout(resolve, RETRY); });
    }
  }
}

async function start() {
  const session = new Session(await reached());
  try {
    await session.begin();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    await reached();
    location.reload();
  }
}

start();
