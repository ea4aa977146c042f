/** The list of documents: in the order of work, with a search and with what is labelled and done. */

import { get } from "./api.js";
import { count, element, find, number } from "./dom.js";

const AT_ONCE = 1000; // documents that are asked for; the server may answer with fewer
const TICK = 50; // milliseconds between looks at what has come

export class Documents {
  /** `choose` is called with the number of a document, `leave` to give the focus back to the paragraphs. */
  constructor(choose, leave) {
    this.box = find("document-list");
    this.choose = choose;
    this.leave = leave;
    this.rows = []; // as the server gave them; the place is the number
    this.total = 0;
    this.complete = false; // whether all rows are there
    this.current = null;
    this.focused = 0;
    find("search").addEventListener("input", () => this.filter());
    find("filter").addEventListener("change", () => this.filter());
    find("search").addEventListener("keydown", (event) => this.searched(event));
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.box.addEventListener("click", (event) => {
      const entry = event.target.closest("[role=option]");
      if (entry) this.choose(entry.number);
    });
  }

  /** Load all rows that are not there yet, page by page. */
  load() {
    this.loading ??= this.pages().finally(() => { this.loading = null; });
    return this.loading;
  }

  async pages() {
    while (!this.complete) {
      const answer = await get(`documents?from=${this.rows.length}&limit=${AT_ONCE}`);
      this.total = answer.total;
      this.add(answer.documents);
      this.complete = !answer.documents.length || this.rows.length >= this.total;
    }
  }

  add(rows) {
    this.rows.push(...rows);
    const entries = rows.map((row) => this.entry(row));
    this.box.append(...entries);
    this.filter();
  }

  entry(row) {
    const made = element("div", { role: "option", tabIndex: -1, ariaSelected: "false" },
      element("span", { className: "title", dir: "auto", textContent: row.title || row.id }),
      element("span", { className: "id quiet", dir: "auto", textContent: row.title ? row.id : "" }),
      element("span", { className: "progress" }), element("span", { className: "quiet" }));
    made.number = row.number;
    made.title = row.id;
    made.words = `${row.title} ${row.id}`.toLowerCase();
    write(made, row);
    return made;
  }

  /** The first document after `at` that is not done, or from the beginning; null if all are done. */
  async nextOpen(at) {
    const later = () => this.rows.find((row) => row.number > at && !row.done);
    while (!later() && !this.complete) await Promise.race([this.load(), new Promise((resolve) => { setTimeout(resolve, TICK); })]);
    const found = later() ?? this.rows.find((row) => !row.done);
    return found ? found.number : null;
  }

  /** Show a document as the open one. */
  open(at) {
    this.current = at;
    for (const each of this.box.querySelectorAll("[aria-selected=true]")) each.ariaSelected = "false";
    const entry = this.box.children[at];
    if (!entry) return;
    entry.ariaSelected = "true";
    this.rove(entry);
    entry.scrollIntoView({ block: "nearest" });
  }

  finished(at, done) {
    if (this.rows[at]) this.set(at, { done });
  }

  set(at, values) {
    if (!this.rows[at]) return;
    Object.assign(this.rows[at], values);
    write(this.box.children[at], this.rows[at]);
  }

  /** Ask again for rows that another window changed. */
  async refresh(numbers) {
    for (const at of numbers) {
      const { documents } = await get(`documents?from=${at}&limit=1`);
      if (documents.length) this.set(at, documents[0]);
    }
  }

  filter() {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = find("filter").value;
    let shown = 0;
    this.rows.forEach((row, at) => {
      const entry = this.box.children[at];
      entry.hidden = !(matches(row, state) && words.every((word) => entry.words.includes(word)));
      shown += !entry.hidden;
    });
    const all = words.length || state !== "all" ? `${number(shown)} of ${count(this.rows.length, "document")}` : count(shown, "document");
    find("found").textContent = shown ? all : "No document matches.";
    this.rove(this.box.children[this.current] ?? this.visible()[0]);
  }

  visible() {
    return [...this.box.children].filter((each) => !each.hidden);
  }

  rove(entry) {
    const target = entry && !entry.hidden ? entry : this.visible()[0];
    this.box.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    if (target) target.tabIndex = 0;
    return target;
  }

  searched(event) {
    const [first] = this.visible();
    if (event.key === "Escape") this.leave();
    else if (event.key === "Enter" && first) this.choose(first.number);
    else if (event.key === "ArrowDown" && first) this.rove(first).focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  pressed(event) {
    const entries = this.visible();
    const at = entries.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1, PageDown: Math.min(at + 10, entries.length - 1), PageUp: Math.max(at - 10, 0) }[event.key];
    if (to === -1) find("search").focus();
    else if (entries[to]) this.rove(entries[to]).focus();
    else if (event.key === "Enter" || event.key === " ") this.choose(entries[at].number);
    else if (event.key === "Escape") this.leave();
    else if (event.key !== "ArrowDown") return;
    event.preventDefault();
    event.stopPropagation();
  }
}

function matches(row, state) {
  if (state === "done") return row.done;
  if (state === "open") return !row.done;
  return state === "all" || (!row.done && row.labelled > 0);
}

function write(entry, row) {
  const [, , progress, state] = entry.children;
  progress.style.setProperty("--share", row.paragraphs ? row.labelled / row.paragraphs : 0);
  const told = row.done ? `done, ${number(row.labelled)} of ${number(row.paragraphs)}`
    : row.labelled ? `${number(row.labelled)} of ${number(row.paragraphs)}` : `${count(row.paragraphs, "paragraph")}`;
  state.textContent = row.done ? `✓ ${told}` : told;
  entry.classList.toggle("done", row.done);
}
