/** The paragraphs of a document as a list box: one of them has the focus, and a range of them is selected. */

import { element, find, percent } from "./dom.js";

const LONG = 1500; // characters, from which a paragraph is shown in part
const STRETCH = 40; // paragraphs that the browser lays out together, if any of them can be seen

export class ParagraphList {
  /** `hues` maps a label to the number of its colour; `moved` is called with the selection when it changes. */
  constructor(hues, moved) {
    this.box = find("paragraphs");
    this.hues = hues;
    this.moved = moved;
    this.rows = [];
    this.cursor = 0;
    this.anchor = 0;
    this.extending = false; // what moves the focus selects, without Shift
    this.selected = [0, -1];
    this.hiding = false; // suggestions are hidden until there is a label
    this.box.addEventListener("focus", () => this.focus()); // of the link that skips the rest
    this.box.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // no text is selected
    this.box.addEventListener("click", (event) => this.clicked(event));
  }

  get first() {
    return Math.min(this.cursor, this.anchor);
  }

  get last() {
    return Math.max(this.cursor, this.anchor);
  }

  render(shown, annotator) {
    this.shown = shown;
    this.annotator = annotator;
    this.rows = shown.paragraphs.map((paragraph, at) => row(paragraph, at));
    this.selected = [0, -1];
    this.extending = false;
    this.rows.forEach((_, at) => this.update(at));
    this.box.replaceChildren(...stretches(this.rows));
    this.box.scrollTop = 0;
  }

  /** Another name of who is labelling: what the others did carries theirs. */
  rename(annotator) {
    this.annotator = annotator;
    this.rows.forEach((_, at) => this.update(at));
  }

  update(at) {
    const entry = this.rows[at];
    const paragraph = this.shown.paragraphs[at];
    const { shown, suggestion, pending, conflict } = paragraph;
    const { label } = shown;
    entry.classList.toggle("pending", pending > 0);
    entry.classList.toggle("differs", label !== null && label !== suggestion.label);
    entry.classList.toggle("news", paragraph.news);
    entry.classList.toggle("conflict", conflict !== null);
    if (label === null) delete entry.dataset.label;
    else entry.dataset.label = this.hues.get(label) ?? 5;
    const [, , yours, suggested, clash] = entry.children;
    yours.replaceChildren(...(label === null ? [] : this.label(paragraph)));
    entry.dataset.suggested = suggested.dataset.hue = this.hues.get(suggestion.label) ?? 5;
    clash.textContent = conflict ? this.told(conflict) : "";
  }

  label({ shown, pending, news }) {
    const other = shown.by && shown.by !== this.annotator ? shown.by : news ? "another window" : "";
    const parts = [
      element("span", { className: "hidden", textContent: ". Label: " }),
      element("span", { className: "chip", textContent: shown.label }),
      element("span", { className: "mark", textContent: pending ? "…" : "✓", "aria-hidden": "true" }),
      element("span", { className: "kind", textContent: shown.kind ?? "" }),
    ];
    if (other) parts.push(element("span", { className: "by", textContent: other }));
    parts.push(element("span", { className: "hidden", textContent: pending ? ", not saved yet" : "" }));
    return parts;
  }

  told({ mine, theirs }) {
    const name = theirs.by && theirs.by !== this.annotator ? theirs.by : "Another window";
    const said = ({ label, kind }) => (label === null ? "no label" : kind ? `“${label}, ${kind}”` : `“${label}”`);
    const what = mine.seq ? `${name} changed your ${said(mine)} to ${said(theirs)}.`
      : `${name} set ${said(theirs)} before your ${said(mine)} arrived, so ${said(theirs)} stays.`;
    return `Conflict. ${what} Give a label to decide, or press Enter to leave it.`;
  }

  /** Put the focus on a paragraph; with `extend` the range grows or shrinks to it. */
  go(at, extend = false) {
    if (!this.rows.length) return;
    this.cursor = Math.max(0, Math.min(at, this.rows.length - 1));
    if (!extend) this.anchor = this.cursor;
    this.select();
    const entry = this.rows[this.cursor];
    entry.focus({ preventScroll: true });
    entry.scrollIntoView({ block: "nearest" });
    this.moved();
  }

  /** Go where the user wants to. */
  move(at, extend = false) {
    this.go(at, extend || this.extending);
  }

  all() {
    this.anchor = 0;
    this.cursor = this.rows.length - 1;
    this.select();
    this.rows[this.cursor].focus({ preventScroll: true });
    this.moved();
  }

  select() {
    const [from, to] = this.selected;
    for (let at = Math.min(from, this.first); at <= Math.max(to, this.last); at += 1) {
      const inside = at >= this.first && at <= this.last;
      if (this.rows[at].ariaSelected !== String(inside)) this.rows[at].ariaSelected = String(inside);
    }
    if (this.reached) this.reached.tabIndex = -1;
    this.reached = this.rows[this.cursor]; // by the Tab key
    this.reached.tabIndex = 0;
    this.box.classList.toggle("ranged", this.first !== this.last);
    this.selected = [this.first, this.last];
  }

  /** Give the focus back to the paragraph that has it in the list. */
  focus() {
    this.rows[this.cursor]?.focus({ preventScroll: true });
  }

  /** Show all of a long paragraph, or its beginning again. */
  expand(at = this.cursor) {
    if (this.rows[at]?.classList.contains("long")) this.rows[at].classList.toggle("whole");
  }

  mark(places, name) {
    for (const each of this.box.querySelectorAll(`.${name}`)) each.classList.remove(name);
    for (const at of places) this.rows[at]?.classList.add(name);
  }

  clicked(event) {
    const entry = event.target.closest("[role=option]");
    if (!entry || String(getSelection()).length) return; // text can be marked and copied
    if (event.target.classList.contains("more")) this.expand(entry.at);
    this.move(entry.at, event.shiftKey);
  }
}

/** The rows in boxes of which the browser leaves out those that cannot be seen. */
function stretches(rows) {
  return Array.from({ length: Math.ceil(rows.length / STRETCH) }, (_, step) =>
    element("div", { className: "stretch", role: "presentation" }, ...rows.slice(step * STRETCH, (step + 1) * STRETCH)));
}

function row({ text, suggestion }, at) {
  const long = text.length > LONG;
  const share = suggestion.scores[suggestion.label];
  const words = element("span", { className: "text", dir: "auto", textContent: text });
  const suggested = element("span", { className: "suggestion" },
    element("span", { className: "hidden", textContent: ". Suggestion: " }),
    element("span", { className: "said", textContent: suggestion.label }),
    element("span", { className: "kind", textContent: suggestion.kind ?? "" }),
    element("span", { className: "certainty", textContent: percent(share) }));
  const entry = element("div", { className: long ? "row long" : "row", role: "option", tabIndex: -1, ariaSelected: "false" },
    element("span", { className: "place", textContent: at + 1, "aria-hidden": "true" }), words,
    element("span", { className: "yours" }), suggested, element("span", { className: "clash" }));
  entry.style.setProperty("--certainty", share);
  if (long) entry.append(element("span", { className: "more", textContent: "more … (key e)", "aria-hidden": "true" }));
  entry.at = at;
  entry.id = `paragraph-${at + 1}`;
  return entry;
}
