// The reasons for the score of a paragraph, beside it: under the pointer, or where the focus is.
const why = byId("why");
const DELAY = 150; // milliseconds that the pointer rests
const LEAST = 160; // pixels of its height, however little room there is
let explained = null; // the item that is explained
let waiting = 0;

async function explain(item) {
  clearTimeout(waiting);
  if (explained === item) return;
  hideWhy();
  explained = item;
  const paragraph = Number(item.dataset.paragraph), number = documentOf(paragraph);
  const chunk = settings.reasons ? await reasons.get(data.chunk[number]) : null;
  if (explained !== item || !item.isConnected) return;
  showWhy(item, paragraph, number, chunk);
}

function showWhy(item, paragraph, number, chunk) {
  const row = data.paragraphs[paragraph];
  why.replaceChildren(verdict(row, number), probabilities(row));
  if (chunk) why.append(reasonTable(chunk, data.placeInChunk[number], paragraph - data.firstParagraph[number]));
  else why.append(element("p", "small quiet", "This report was made without reasons."));
  why.hidden = false;
  item.setAttribute("aria-describedby", "why");
  place(item);
  uncover(item);
}

// Scrolls a paragraph out of the way of its reasons, where these are at the bottom of the screen.
function uncover(item) {
  const covered = item.getBoundingClientRect().bottom - why.getBoundingClientRect().top;
  if (why.offsetWidth >= innerWidth - 1 && covered > 0) scrollBy({ top: covered + 8, behavior: "instant" });
}

function verdict(row, number) {
  const section = sectionOf(row, number);
  const score = data.score[row], threshold = decisions.thresholds[section], keep = decisions.keep[row] === 1;
  const below = `score ${scoreText(score)}, ${score < threshold ? "below" : "not below"} the threshold ${shortScore(threshold)}`;
  const whole = keep && score < threshold ? ". The guard keeps the document whole." : ".";
  return element("p", "", element("strong", "", keep ? "Kept" : "Removed"), `: ${below}${whole}`);
}

function sectionOf(row, number) {
  let section = data.firstSection[number];
  while (data.firstRowOfSection[section + 1] <= row) section++;
  return section;
}

function probabilities(row) {
  const shown = element("p", "small probabilities");
  LABELS.forEach((name, label) => {
    shown.append(element("span", labelClass(label), element("span", "label", name), ` ${percent(labelScore(row, label))}`), " ");
  });
  return shown;
}

// A table of the reasons, the largest first; then all others, and their sum, which decides.
function reasonTable(chunk, place, at) {
  const [rest, ...numbers] = chunk.documents[place][at];
  const lines = [];
  for (let next = 0; next < numbers.length; next += 3) {
    lines.push({ text: chunk.texts[numbers[next]], group: chunk.groups[numbers[next + 1]], value: numbers[next + 2] / 100 });
  }
  const largest = Math.max(...lines.map(({ value }) => Math.abs(value)), Math.abs(rest) / 100, 0.01);
  const body = element("tbody", "", ...lines.map((line) => reasonLine(line, largest)));
  if (rest) body.append(reasonLine({ text: "all other reasons", group: "", value: rest / 100 }, largest));
  const sum = lines.reduce((all, { value }) => all + value, rest / 100);
  const total = element("tr", "sum", element("td", "", "together"), element("td", "number", signed(sum)), element("td"));
  const table = element("table", "", element("caption", "", "For keeping (+) and for removing (−), in log-odds"), body, element("tfoot", "", total));
  return table;
}

function reasonLine({ text, group, value }, largest) {
  const name = element("td", "reason", element("bdi", "", text), " ", element("span", "quiet small", group));
  const bar = element("span", value < 0 ? "bar against" : "bar for");
  bar.style.width = `${Math.round((100 * Math.abs(value)) / largest)}%`;
  const shown = element("td", "bars", bar);
  shown.setAttribute("aria-hidden", "true");
  return element("tr", "", name, element("td", "number", signed(value)), shown);
}

const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

// Below the paragraph, or above it where there is more room; on a phone the style sheet puts it at the bottom.
function place(item) {
  const box = item.getBoundingClientRect();
  why.style.maxHeight = "";
  const height = why.offsetHeight, roomBelow = innerHeight - box.bottom - 8, roomAbove = box.top - 8;
  const isBelow = height <= roomBelow || roomBelow >= roomAbove, room = Math.max(isBelow ? roomBelow : roomAbove, LEAST);
  why.style.maxHeight = `${room}px`;
  why.style.top = `${Math.max(isBelow ? Math.min(box.bottom + 4, innerHeight - Math.min(height, room) - 4) : box.top - Math.min(height, room) - 4, 4)}px`;
  why.style.left = `${Math.max(Math.min(box.left + 24, innerWidth - why.offsetWidth - 8), 8)}px`;
}

function hideWhy() {
  clearTimeout(waiting);
  explained?.removeAttribute("aria-describedby");
  explained = null;
  why.hidden = true;
}

function hideSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const focused = document.activeElement?.closest?.(".paragraph");
    if (focused && focused.matches(":focus-visible")) explain(focused);
    else hideWhy();
  }, DELAY);
}

byId("documents").addEventListener("pointerover", (event) => {
  const item = event.target.closest(".paragraph");
  if (!item || event.pointerType === "touch") return;
  clearTimeout(waiting);
  waiting = setTimeout(() => explain(item), DELAY);
});
byId("documents").addEventListener("pointerout", (event) => {
  if (event.pointerType !== "touch" && !why.contains(event.relatedTarget)) hideSoon();
});
why.addEventListener("pointerenter", () => clearTimeout(waiting));
why.addEventListener("pointerleave", hideSoon);
byId("documents").addEventListener("focusin", (event) => {
  const item = event.target.closest(".paragraph");
  if (item) explain(item);
});
byId("documents").addEventListener("focusout", hideSoon);
addEventListener("scroll", () => {
  if (why.hidden || !explained) return;
  const box = explained.getBoundingClientRect();
  const isSeen = explained.isConnected && box.bottom >= 0 && box.top <= innerHeight;
  if (isSeen || explained === document.activeElement) place(explained);
  else hideWhy();
}, { passive: true });
