// What the page was made with: settings, and numbers, texts and reasons that are unpacked when they are needed.
const byId = (id) => document.getElementById(id);
const settings = JSON.parse(byId("settings").textContent);
const { model, guard } = settings;
const LABELS = model.labels, KINDS = model.kinds;

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

function unpacked(text) {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream);
}

// The chunks of a block, each unpacked at its first use and kept.
class Chunks {
  constructor(id) {
    this.lines = null;
    this.id = id;
    this.values = [];
    this.asked = [];
  }

  async get(number) {
    this.lines ??= byId(this.id).textContent.split("\n");
    this.asked[number] ??= unpacked(this.lines[number]).json().then((value) => {
      this.lines[number] = "";
      return this.values[number] = value;
    });
    return this.asked[number];
  }
}

const texts = new Chunks("texts");
const reasons = new Chunks("reasons");

// The arrays of the rows and sections, and those of documents and paragraphs that follow from them:
// `firstSection` and `firstRow` of each document, and one more; `paragraphs` holds the rows that are shown, of a
// document those from `firstParagraph` on; `placeInChunk` is the place of a document among those of its chunk.
const data = { documents: settings.documents.length };

async function readNumbers() {
  const lines = byId("numbers").textContent.split("\n");
  await Promise.all(settings.arrays.map(async ([name, type], at) => {
    data[name] = new globalThis[type](await unpacked(lines[at]).arrayBuffer());
  }));
  byId("numbers").remove();
  data.firstSection = sums(data.sections);
  data.firstRowOfSection = sums(data.rows);
  data.firstRow = data.firstSection.map((section) => data.firstRowOfSection[section]);
  data.paragraphs = Uint32Array.from(data.shown.keys()).filter((row) => data.shown[row]);
  const before = sums(data.shown);
  data.firstParagraph = data.firstRow.map((row) => before[row]);
  data.placeInChunk = placesInChunks();
  data.certainty = certainties();
  data.characters = data.paragraphs.reduce((all, row) => all + data.size[row], 0);
}

function sums(counts) { // the sum of all counts before each of them, and of all
  const before = new Uint32Array(counts.length + 1);
  for (let at = 0; at < counts.length; at++) before[at + 1] = before[at] + counts[at];
  return before;
}

function placesInChunks() {
  const places = new Uint32Array(data.documents);
  for (let at = 1; at < places.length; at++) places[at] = data.chunk[at] === data.chunk[at - 1] ? places[at - 1] + 1 : 0;
  return places;
}

function certainties() { // the probability of the label of each row
  const values = new Float32Array(data.score.length);
  for (let row = 0; row < values.length; row++) values[row] = labelScore(row, data.label[row]);
  return values;
}

const labelScore = (row, label) => data.labels[row * LABELS.length + label] / 65535;
const logit = (share) => Math.log(share) - Math.log1p(-share);
const inDigits = new Intl.NumberFormat("en").format;
const count = (number, noun) => `${inDigits(number)} ${noun}${number === 1 ? "" : "s"}`;
const percent = (share) => `${(100 * share).toFixed(share && share < 0.0995 ? 1 : 0)} %`;

// The document of a paragraph: the last one that begins by it.
function documentOf(paragraph) {
  let low = 0, high = data.documents;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (data.firstParagraph[middle] <= paragraph) low = middle;
    else high = middle;
  }
  return low;
}

// The texts of a document's paragraphs; null until its chunk is unpacked.
const textsOf = (number) => texts.values[data.chunk[number]]?.[data.placeInChunk[number]] ?? null;

// An element with a class and a text or children.
function element(name, className = "", ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}
