/** Small helpers for the document: everything that comes from elsewhere enters it as text. */

export const find = (id) => document.getElementById(id);

/** An element with properties and attributes (a name with a dash is an attribute), and its children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export const number = (value) => value.toLocaleString("en");

export const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

/** "1 paragraph", "2 paragraphs". */
export const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** "paragraph 3", "paragraphs 3 to 7": the places are from 0. */
export const places = (first, last) =>
  first === last ? `paragraph ${number(first + 1)}` : `paragraphs ${number(first + 1)} to ${number(last + 1)}`;

/** A key as it is printed on keyboards. */
export const shownKey = (key) => key
  .replace("Shift+", "⇧ ").replace("Ctrl+", "Ctrl ").replace("ArrowDown", "↓").replace("ArrowUp", "↑")
  .replace("ArrowLeft", "←").replace("ArrowRight", "→").replace("Backspace", "⌫").replace("Escape", "Esc")
  .replace("PageDown", "Page ↓").replace("PageUp", "Page ↑").replace(/^ $/, "Space");

let toldTwice = false;

/** Tell screen readers and the line at the foot; the same words twice are read twice. */
export function say(text) {
  const status = find("status");
  toldTwice = status.textContent === text && !toldTwice;
  status.textContent = toldTwice ? `${text}\u00a0` : text;
}
