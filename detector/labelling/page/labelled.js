/**
 * A document as this window sees it: what the server has confirmed, and over it what is on its way. Nothing here touches
 * the page.
 */

const same = (one, other) => one.label === other.label && one.kind === other.kind;
const state = ({ label, kind, by }) => ({ label, kind, by });

export class LabelledDocument {
  /** `answer` is the server's, `waiting` are the entries of the outbox that belong to this document. */
  constructor(answer, waiting) {
    this.number = answer.number;
    this.seq = answer.seq; // the last event that it shows
    this.id = answer.id;
    this.model = answer.model; // whose suggestions it has
    this.done = answer.done;
    this.paragraphs = answer.paragraphs.map((each) => paragraph(each, answer.seq));
    for (const entry of waiting) this.apply(entry);
  }

  get labelled() {
    return this.paragraphs.reduce((sum, each) => sum + (each.shown.label !== null), 0);
  }

  /** The entry of an event: with what it changes, so that it can be taken back. */
  entry(event, by) {
    const entry = { document: this.number, event: { document: this.number, kind: null, model: this.model, ...event }, by, before: [] };
    if (event.action === "label" || event.action === "clear") {
      for (let at = event.first; at <= event.last; at += 1) entry.before.push({ at, ...this.paragraphs[at].shown });
    }
    return entry;
  }

  /** Show what an entry does, before the server has confirmed it. Returns the places of the changed paragraphs. */
  apply({ event, by, before, restore }) {
    if (event.action === "done" || event.action === "reopen") this.done = event.action === "done";
    if (restore && restore.done !== undefined) this.done = restore.done;
    for (const { at, ...old } of restore ? restore.before : []) this.show(at, old);
    if (event.action === "label" || event.action === "clear") {
      const shown = { label: event.label ?? null, kind: event.kind, by: event.action === "label" ? by : null };
      for (const { at } of before) this.show(at, shown);
    }
    return touched({ before, restore });
  }

  show(at, shown) {
    const changed = this.paragraphs[at];
    changed.shown = shown;
    changed.pending += 1;
    changed.conflict = changed.mine = null;
    changed.news = false;
  }

  /** What the server made of an entry. Returns the places of the changed paragraphs. */
  acknowledge(entry, answer) {
    for (const change of answer.applied) {
      if (change.document !== this.number) continue;
      const changed = this.paragraphs[change.paragraph];
      if (change.seq >= changed.seq) Object.assign(changed, { confirmed: state(change), seq: change.seq });
      changed.mine = entry.event.action === "undo" ? null : { ...state(change), seq: change.seq, seen: entry.event.seen };
    }
    for (const change of answer.kept ?? []) if (change.document === this.number) this.hear(change);
    for (const change of answer.conflicts ?? []) this.lose(entry, change);
    if (answer.done || ["done", "reopen", "undo"].includes(entry.event.action)) this.done = answer.done;
    return this.settle(entry);
  }

  /** A change that was not made, because another window had made one that this one did not know. */
  lose({ event }, change) {
    if (change.document !== this.number) return;
    const changed = this.paragraphs[change.paragraph];
    changed.mine = { label: event.label ?? null, kind: event.kind, by: null, seq: 0, seen: 0 };
    this.hear(change);
  }

  /** Take an entry off that the server has confirmed or refused. Returns the places of the changed paragraphs. */
  settle(entry) {
    for (const at of touched(entry)) {
      const changed = this.paragraphs[at];
      changed.pending = Math.max(0, changed.pending - 1);
      if (!changed.pending) changed.shown = changed.confirmed;
      judge(changed);
    }
    return touched(entry);
  }

  /** A change that another window made. Returns whether it shows. */
  hear(change) {
    const changed = this.paragraphs[change.paragraph];
    if (!changed) return false;
    changed.foreign = { ...state(change), seq: change.seq };
    if (change.seq > changed.seq) {
      const before = changed.shown;
      Object.assign(changed, { confirmed: state(change), seq: change.seq });
      if (!changed.pending) changed.shown = changed.confirmed;
      changed.news = !changed.pending && !same(before, changed.shown);
    }
    judge(changed);
    return changed.news || changed.conflict !== null;
  }

  /** The next place without a label from `start` on, then from the beginning; -1 if all have one. */
  unlabelled(start) {
    const length = this.paragraphs.length;
    for (let step = 0; step < length; step += 1) {
      const at = (start + step) % length;
      if (this.paragraphs[at].shown.label === null) return at;
    }
    return -1;
  }

  /** Runs of equal suggestions among the paragraphs from `first` to `last` that have no label: [{first, last, label, kind}]. */
  suggested(first, last) {
    const runs = [];
    for (let at = first; at <= last; at += 1) {
      const { shown, suggestion } = this.paragraphs[at];
      if (shown.label !== null) continue;
      const run = runs.at(-1);
      if (run && run.last === at - 1 && same(run, suggestion)) run.last = at;
      else runs.push({ first: at, last: at, label: suggestion.label, kind: suggestion.kind ?? null });
    }
    return runs;
  }
}

function paragraph(answer, seq) {
  const confirmed = { label: answer.label ?? null, kind: answer.kind ?? null, by: answer.by ?? null };
  return {
    text: answer.text, suggestion: answer.suggestion, confirmed, shown: confirmed, seq, pending: 0,
    mine: null, // what this window has set, and the change that it knew then
    foreign: null, // the last change of another window
    conflict: null, // the other's label, if the two differ and one did not know of the other
    news: false, // another window changed it while it was open here
  };
}

function judge(changed) {
  const { mine, foreign } = changed;
  const clash = mine && foreign && foreign.seq > mine.seen && !same(mine, foreign);
  changed.conflict = clash ? { mine, theirs: foreign } : null;
}

export function touched({ before, restore }) {
  return (restore ? restore.before : before).map(({ at }) => at);
}
