/** What the keys and buttons do with the open document: every change goes to the outbox at once. */

import { count, find, places, say } from "./dom.js";

export class Work {
  /** `session` has the fields state, outbox, list, documents, open and seen, and the method show(number). */
  constructor(session) {
    this.session = session;
    this.groups = []; // what this window did: lists of entries, each undone by one key
    this.target = null; // {first, last} of the paragraphs that were labelled last: a kind goes there
  }

  get open() {
    return this.session.open;
  }

  get list() {
    return this.session.list;
  }

  /** The kinds that a key can give now: of the label of the target, or of the selected paragraphs. */
  kinds() {
    const label = this.labelOf(this.range());
    return { label, kinds: this.session.state.kinds.filter((each) => each.label === label) };
  }

  range() {
    return this.target ?? { first: this.list.first, last: this.list.last };
  }

  labelOf({ first, last }) {
    const labels = this.open ? new Set(this.open.paragraphs.slice(first, last + 1).map(({ shown }) => shown.label)) : new Set();
    return labels.size === 1 ? [...labels][0] : null;
  }

  label(name) {
    const { first, last } = this.list;
    const again = this.labelOf({ first, last }) !== null;
    this.record([this.entry({ action: "label", first, last, label: name })]);
    this.advance(first, last, again);
    say(`${capital(places(first, last))}: ${name}.`);
  }

  /** Give the kind that has a key. */
  kindOf(key) {
    const { first, last } = this.range();
    const { label, kinds } = this.kinds();
    const kind = kinds.find((each) => each.key === key);
    if (kind) return this.kind(kind.name);
    if (label) return say(`The label ${label} has no kind with the key ${key}.`);
    return say(first === last ? "First a label, then its kind." : "A kind needs paragraphs of one label.");
  }

  kind(kind) {
    const { first, last } = this.range();
    const { label } = this.kinds();
    this.record([this.entry({ action: "label", first, last, label, kind })]);
    say(`${capital(places(first, last))}: ${label}, ${kind}.`);
  }

  /** Accept the suggestions for what has no label, in the selection or to the end of the document. */
  accept(toEnd = false) {
    if (this.list.hiding) return say("The suggestions are hidden: give a label, or press s to see them.");
    const { first } = this.list;
    const last = toEnd ? this.open.paragraphs.length - 1 : this.list.last;
    const runs = this.open.suggested(first, last);
    const conflicts = this.conflicts(first, last);
    if (!runs.length && conflicts.length) return this.leave(conflicts);
    if (!runs.length && this.open.unlabelled(0) < 0) return this.done();
    if (runs.length) {
      this.record(runs.map((run) => this.entry({ action: "label", ...run })));
      const number = runs.reduce((sum, run) => sum + run.last - run.first + 1, 0);
      say(number === 1 ? `${capital(places(runs[0].first, runs[0].first))}: ${runs[0].label}, as suggested.`
        : `${count(number, "paragraph")} labelled as suggested.`);
    }
    this.advance(runs[0]?.first ?? first, last, false);
    if (runs.length !== 1) this.aim(null);
  }

  conflicts(first, last) {
    return this.open.paragraphs.flatMap(({ conflict }, at) => (conflict && at >= first && at <= last ? [at] : []));
  }

  /** Leave paragraphs as they are, which ends their conflicts. */
  leave(conflicts) {
    for (const at of conflicts) {
      Object.assign(this.open.paragraphs[at], { conflict: null, mine: null });
      this.list.update(at);
    }
    this.advance(conflicts[0], conflicts.at(-1), true);
    say(`${count(conflicts.length, "conflict")} left as it came out.`);
  }

  clear() {
    const { first, last } = this.list;
    const some = this.open.paragraphs.slice(first, last + 1).some(({ shown }) => shown.label !== null);
    if (!some) return say("There is no label to take away.");
    this.record([this.entry({ action: "clear", first, last })]);
    this.aim(null);
    say(`${capital(places(first, last))}: no label.`);
  }

  async done() {
    const missing = this.open.paragraphs.length - this.open.labelled;
    const { number } = this.open;
    if (!this.open.done) this.record([this.entry({ action: "done" })]);
    this.session.documents.finished(number, true);
    const next = await this.session.documents.nextOpen(number).catch(() => undefined);
    const told = missing ? `Done, with ${count(missing, "paragraph")} without a label.` : "Done.";
    if (next === undefined) return say(`${told} The next document cannot be loaded now.`);
    if (next === null) return say(`${told} Every document is done.`);
    if (await this.session.show(next)) say(`${told} Next document.`);
  }

  reopen() {
    if (!this.open.done) return say("The document is not done.");
    this.record([this.entry({ action: "reopen" })]);
    this.session.documents.finished(this.open.number, false);
    say("The document is open again.");
  }

  /** Take back what this window did last. */
  async undo() {
    const group = this.groups.pop();
    if (!group) return say("There is nothing to undo in this window.");
    if (group[0].document !== this.open.number && !(await this.session.show(group[0].document))) {
      this.groups.push(group);
      return;
    }
    const entries = [...group].reverse().map((old) => ({
      document: old.document, event: { document: old.document, action: "undo" }, before: [], undoes: old.event.serial,
      restore: { before: old.before, ...this.reversed(old.event) },
    }));
    this.send(entries);
    this.aim(null);
    const [{ restore }] = entries;
    if (restore.done !== undefined) this.session.documents.finished(this.open.number, restore.done);
    const at = entries.at(-1).restore.before[0]?.at;
    if (at !== undefined) this.list.go(at);
    say("Undone.");
  }

  /** Forget an entry that the server has refused: it is not there to be undone. */
  forget({ event }) {
    this.groups = this.groups.map((group) => group.filter((each) => each.event !== event)).filter((group) => group.length);
  }

  reversed({ action }) {
    return action === "done" ? { done: false } : action === "reopen" ? { done: true } : {};
  }

  entry(event) {
    const { name, own } = this.session.who;
    return this.open.entry(own === null ? event : { ...event, annotator: own }, name);
  }

  record(entries) {
    this.groups.push(entries);
    this.send(entries);
  }

  send(entries) {
    for (const entry of entries) {
      entry.event.seen = this.session.seen;
      for (const at of this.open.apply(entry)) this.list.update(at);
    }
    this.session.outbox.add(entries);
  }

  /** Go on after a label: to the next paragraph without one, or, where one was changed, to the next paragraph. */
  advance(first, last, again) {
    const length = this.open.paragraphs.length;
    const unlabelled = this.open.unlabelled(Math.min(last + 1, length - 1));
    const next = again || unlabelled < 0 ? Math.min(last + 1, length - 1) : unlabelled;
    this.session.extend(false);
    this.list.go(next);
    this.aim({ first, last });
    if (unlabelled < 0) find("end").hidden = false;
  }

  /** The paragraphs that a kind key goes to; null for the selection. */
  aim(target) {
    this.target = target;
    const length = target ? target.last - target.first + 1 : 0;
    this.list.mark(Array.from({ length }, (_, step) => target.first + step), "target");
    this.session.changed();
  }

  nextUnlabelled() {
    const at = this.open.unlabelled(Math.min(this.list.cursor + 1, this.open.paragraphs.length - 1));
    if (at < 0) return say("Every paragraph has a label.");
    this.list.go(at);
  }

  nextConflict() {
    const all = this.conflicts(0, this.open.paragraphs.length - 1);
    if (!all.length) return say("There is no conflict in this document.");
    this.list.go(all.find((at) => at > this.list.cursor) ?? all[0]);
  }
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
