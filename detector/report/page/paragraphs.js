// A document as elements: its heading, and its paragraphs with their decisions.
const MOST = 400; // paragraphs that are shown at first
const expanded = new Set(); // documents that are shown with all paragraphs
const unfolded = new Set(); // paragraphs that do not match and are shown nevertheless
const NAMED_LABELS = new Set(["reporting", "appeal", "navigation"]);

const labelClass = (label) => NAMED_LABELS.has(LABELS[label]) ? LABELS[label] : "other-label";

function nameOf(number) { // the id of a document, or its file if it has none
  const [file, id] = settings.documents[number];
  return id || settings.files[file];
}

function headOf(number) {
  const [file, id] = settings.documents[number];
  const place = element("span", "quiet small file", id && settings.files.length > 1 ? settings.files[file] : "");
  const head = element("header", "", element("h2", "", nameOf(number)), place, element("p", "facts small"));
  head.firstChild.id = `document-${number}`;
  return head;
}

// What the heading says of the decisions, which the slider changes.
function facts(number) {
  const found = guardOf(number);
  let removed = 0, all = 0;
  forRows(number, (row) => {
    all++;
    removed += 1 - decisions.keep[row];
  });
  const told = [`${count(all, "paragraph")}, ${inDigits(removed)} removed (${percent(shareRemoved(number))} of the characters)`];
  if (found.whole) told.push("kept whole by the guard, because most would be removed");
  if (found.unfamiliar) told.push(`threshold lowered to ${shortScore(found.threshold)}: the model knows ${percent(found.familiarity)} of the text`);
  if (found.page && found.threshold > decisions.cutoff) told.push(`threshold raised to ${shortScore(found.threshold)}: it looks like a whole page`);
  return told.join(" · ");
}

// The items of a document's list; what does not match is folded, unless whole documents are shown.
function itemsOf(number, wanted) {
  const items = [], first = data.firstParagraph[number], end = data.firstParagraph[number + 1];
  const all = textsOf(number), folds = matches.active && byId("context").value === "matching";
  const most = isPrinting || expanded.has(number) ? Infinity : MOST;
  let folded = [];
  const fold = () => {
    if (folded.length) items.push(foldOf(folded));
    folded = [];
  };
  for (let paragraph = first; paragraph < end; paragraph++) {
    if (folds && !matches.of[paragraph] && !unfolded.has(paragraph) && paragraph !== wanted) {
      folded.push(paragraph);
      continue;
    }
    fold();
    if (items.length >= most) {
      items.push(restOf(number, end - paragraph));
      return items;
    }
    items.push(itemOf(paragraph, all[paragraph - first]));
  }
  fold();
  return items;
}

function foldOf(folded) {
  const button = element("button", "small", `⋯ ${count(folded.length, "paragraph")} without a match`);
  button.type = "button";
  button.dataset.fold = `${folded[0]} ${folded.at(-1)}`;
  return element("li", "fold no-print", button);
}

function restOf(number, rest) {
  const button = element("button", "small", `Show the other ${count(rest, "paragraph")}`);
  button.type = "button";
  button.dataset.expand = number;
  return element("li", "fold no-print", button);
}

function itemOf(paragraph, text) {
  const row = data.paragraphs[paragraph];
  const label = data.label[row];
  const shown = element("p", "text", ...marked(text));
  shown.dir = "auto";
  if (data.size[row] > settings.shown) shown.append(element("span", "quiet", ` … (${count(data.size[row], "character")})`));
  const decision = element("p", "decision",
    element("span", "verdict"), " ", element("span", "score", element("span", "for-readers", "score "), scoreText(data.score[row])), " ",
    element("span", "named", element("span", "label", LABELS[label]), " ", KINDS[data.kind[row]]));
  const item = element("li", "", shown, decision);
  item.dataset.paragraph = paragraph;
  item.tabIndex = -1;
  const certainty = (data.certainty[row] * LABELS.length - 1) / (LABELS.length - 1); // 0 where all labels are as probable
  item.style.setProperty("--certainty", `${Math.round(100 * Math.max(certainty, 0))}%`);
  updateItem(item);
  return item;
}

const scoreText = (score) => score > 0 && score < 0.0005 ? "< 0.001" : score.toFixed(3);

function marked(text) { // with what the search finds
  if (!matches.pattern) return [text];
  const pieces = [];
  let at = 0;
  for (const found of text.matchAll(new RegExp(matches.pattern.source, "giu"))) {
    pieces.push(text.slice(at, found.index), element("mark", "", found[0]));
    at = found.index + found[0].length;
  }
  return [...pieces, text.slice(at)];
}

// What the slider changes in an item.
function updateItem(item) {
  const paragraph = Number(item.dataset.paragraph), row = data.paragraphs[paragraph];
  const keep = decisions.keep[row] === 1, changed = decisions.keep[row] !== asMade.keep[row];
  const dimmed = matches.active && !matches.of[paragraph];
  const className = `paragraph ${labelClass(data.label[row])}${keep ? "" : " removed"}${changed ? " changed" : ""}${dimmed ? " dimmed" : ""}`;
  if (item.className === className) return;
  item.className = className;
  item.querySelector(".verdict").textContent = `${keep ? "✓" : "✗"} ${changed ? "now " : ""}${keep ? "kept" : "removed"}`;
}
