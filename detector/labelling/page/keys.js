/** Which key does what. The keys of labels come from the model; a command gives way to them. */

import { element, find, shownKey } from "./dom.js";

const COMMANDS = [
  ["next", "ArrowDown j", "next paragraph"],
  ["previous", "ArrowUp k", "previous paragraph"],
  ["extendNext", "Shift+ArrowDown Shift+j", "select a range downwards; then one key labels all of it"],
  ["extendPrevious", "Shift+ArrowUp Shift+k", "select a range upwards"],
  ["range", "v", "begin a range without Shift: what moves the focus selects, until a label is given"],
  ["extendEnd", "Shift+End", "select to the end of the document"],
  ["extendStart", "Shift+Home", "select to its beginning"],
  ["all", "Ctrl+a", "select all paragraphs"],
  ["accept", "Enter  ", "accept the suggestion, label and kind, for what is selected and has no label"],
  ["acceptRest", "Shift+Enter", "accept the suggestions for all paragraphs from here on that have no label"],
  ["clear", "Backspace Delete", "take the label away"],
  ["undo", "u Ctrl+z", "undo"],
  ["nextUnlabelled", ".", "next paragraph without a label"],
  ["first", "Home", "first paragraph"],
  ["last", "End", "last paragraph"],
  ["pageDown", "PageDown", "a page down"],
  ["pageUp", "PageUp", "a page up"],
  ["expand", "e", "show all of a long paragraph, or its beginning"],
  ["nextConflict", "c", "next conflict with another window"],
  ["done", "d Ctrl+Enter", "the document is done; go to the next one that is not"],
  ["reopen", "Shift+d", "the document is not done after all"],
  ["nextDocument", "ArrowRight l", "next document"],
  ["previousDocument", "ArrowLeft h", "previous document"],
  ["suggestions", "s", "hide the suggestion until there is a label, so that it cannot sway you; show it again"],
  ["search", "/", "search the documents; Escape comes back"],
  ["guide", "? g F1", "this guide"],
  ["escape", "Escape", "end a range"],
];
const REPEATED = /^(next|previous|extend|page)/; // what a key that is held down may do again
const SPACE = " ";

/** What a key press means: {label}, {key} of a kind or {command, again}, or null. */
export class Keys {
  constructor(labels) {
    this.labels = new Map(labels.map(({ name, key }) => [key, name]));
    this.commands = new Map();
    for (const [command, keys] of COMMANDS) {
      for (const key of split(keys)) if (!this.labels.has(key)) this.commands.set(key, command);
    }
  }

  /** `kinds` are the keys of the kinds that can be given now. */
  read(event, kinds) {
    if (event.isComposing || event.altKey) return null;
    for (const key of candidates(event)) {
      const bare = key.replace("Shift+", "");
      if (this.labels.has(bare)) return { label: this.labels.get(bare), again: event.repeat };
      if (kinds.includes(bare)) return { key: bare, again: event.repeat };
      if (this.commands.has(key)) return command(this.commands.get(key), event);
      if (/^[0-9]$/.test(bare)) return { key: bare, again: event.repeat };
    }
    return null;
  }

  /** Write the table of the keys into the guide. */
  show(kindKeys) {
    const rows = [...this.labels].map(([key, name]) => [[key], `label: ${name}`]);
    if (kindKeys.length) rows.push([[kindKeys[0], kindKeys.at(-1)], "kind, after the label: the keys are at the foot of the page"]);
    for (const [command, keys, text] of COMMANDS) {
      rows.push([split(keys).filter((key) => this.commands.get(key) === command), text]);
    }
    find("key-table").tBodies[0].replaceChildren(...rows.filter(([keys]) => keys.length).map(tableRow));
  }
}

const command = (name, event) => ({ command: name, again: event.repeat && !REPEATED.test(name) });

function tableRow([keys, text]) {
  const cell = element("th", { scope: "row" });
  keys.forEach((key, at) => cell.append(at ? " " : "", element("kbd", { textContent: shownKey(key) })));
  return element("tr", {}, cell, element("td", { textContent: text }));
}

function split(keys) {
  const names = keys.trim().split(" ");
  return keys.endsWith(SPACE) ? [...names, SPACE] : names;
}

/** The names of a key press: what it types, and for other scripts and rows of digits the place on the keyboard. */
function candidates(event) {
  const modifier = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey ? "Shift+" : "";
  const { key } = event;
  const typed = key.length === 1 ? key.toLowerCase() : key;
  const letter = /^[a-z]$/.test(typed);
  const names = [modifier + (key.length > 1 || letter || key === SPACE ? shift + typed : typed)];
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code);
  if (place && !letter) names.push(modifier + shift + place[1].toLowerCase());
  return names;
}
