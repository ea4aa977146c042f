/** The guide: labels, kinds and keys, in a dialog. */

import { element, find } from "./dom.js";

const PLAIN = new Set(["P", "UL", "OL", "LI", "STRONG", "EM", "CODE", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "H3", "H4", "DL", "DT", "DD", "BR"]);

export function showGuide({ guide, labels, kinds }) {
  const content = typeof guide === "string" ? plain(new DOMParser().parseFromString(guide, "text/html").body) : rows(guide, labels, kinds);
  find("guide-content").replaceChildren(...content);
}

/** Elements of a text without attributes; of others, what is in them. */
function plain(parent) {
  return [...parent.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent];
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    const children = plain(node);
    return PLAIN.has(node.tagName) ? [element(node.tagName.toLowerCase(), {}, ...children)] : children;
  });
}

function rows(guide, labels, kinds) {
  const told = (label, kind) => (guide ?? []).find((row) => row.label === label && (row.kind ?? null) === kind)?.text ?? "";
  return labels.map(({ name, key }, at) => {
    const list = element("dl", {});
    for (const kind of kinds.filter((each) => each.label === name)) {
      list.append(element("dt", {}, element("kbd", { textContent: kind.key }), ` ${kind.name}`), element("dd", { textContent: told(name, kind.name) }));
    }
    const head = element("h4", {}, element("kbd", { textContent: key }), ` ${name}`);
    const section = element("section", { className: "label" }, head, element("p", { textContent: told(name, null) }), list);
    section.dataset.hue = at % 6;
    return section;
  });
}

const leaving = new Map(); // from an open dialog to what gives the focus back

/** Open a dialog; `leave` gives the focus back to the paragraphs. */
export function openDialog(dialog, leave) {
  if (dialog.open) return;
  leaving.set(dialog, leave);
  dialog.showModal();
  (dialog.querySelector("[tabindex='0'], input") ?? dialog.querySelector("button.main:not([hidden])") ?? dialog).focus();
}

/** Close a dialog. The focus is back at once, and not with the event, which comes after the next key. */
export function closeDialog(dialog) {
  dialog.close();
  leaving.get(dialog)?.();
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector(".close").addEventListener("click", () => closeDialog(dialog));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) closeDialog(dialog); });
  dialog.addEventListener("close", () => { if (document.activeElement === document.body) leaving.get(dialog)?.(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    closeDialog(dialog);
  });
}
