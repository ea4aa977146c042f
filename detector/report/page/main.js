// The page: it opens, and answers the slider and the filters.
const html = document.documentElement;
const asMade = { keep: null, thresholds: null, certain: null, whole: null }; // the decisions with which the report was made
let searches = 0; // the number of the latest search: earlier ones are dropped

function tellAbout() {
  byId("title").textContent = settings.title;
  const { read, sample, rejected, failed, nulls } = settings.counts;
  const left = read - data.documents;
  byId("about").textContent = [
    `Made by detector ${settings.version}`,
    `model ${model.name}${model.sha256 && ` (${model.sha256})`}`,
    ...settings.evidence,
    left ? `${inDigits(data.documents)} of ${count(read, "document")}, ${sample ? "a random sample" : "the first ones"}: ${inDigits(left)} left out` : count(read, "document"),
    ...(nulls ? [count(nulls, "record") + " without a text"] : []),
    ...(rejected ? [`${count(rejected, "record")} could not be read`] : []),
    ...(failed ? [`${count(failed, "file")} could not be read`] : []),
    `keeps ${policyText()}`,
  ].join(" · ");
  byId("guard-help").textContent = guardText();
}

function policyText() {
  const kept = model.keep.length ? model.keep.join(", ") : "everything";
  return model.drop.length ? `${kept} without ${model.drop.join(", ")}` : kept;
}

function guardText() {
  const whole = guard.maxRemoved < 1 ? `A document of which more than ${percent(guard.maxRemoved)} of the characters would be removed is kept whole, unless it looks like a whole page. ` : "";
  return `${whole}Where the model knows less than ${percent(guard.familiar)} of a document's text, the threshold is lower; in what looks like a whole page it is higher.`;
}

function setUp() {
  prepareDecisions();
  decide(guard.cutoff);
  for (const name of ["keep", "thresholds", "certain", "whole"]) asMade[name] = decisions[name].slice();
  prepareFilters();
  Object.assign(byId("slider"), { min: LOWEST, max: HIGHEST, step: STEP });
  for (const [name, value] of Object.entries(model.thresholds).sort((one, other) => one[1] - other[1])) {
    const button = element("button", "", name, element("span", "wide", ` ${shortScore(value)}`));
    Object.assign(button, { type: "button", value });
    byId("named").append(button);
  }
  drawHistogram();
  tellAbout();
  byId("filters-details").open = innerWidth > 700;
  byId("report").hidden = false;
  measure();
  showThreshold();
  makeShells();
  applyOrder();
}

// What is on the screen answers at once; which documents are listed, when the slider rests.
function setThreshold(cutoff) {
  decide(cutoff);
  showThreshold();
  if (dependsOnThreshold()) {
    for (const number of filterFilled()) refill(number);
    listSoon();
  }
  updateFilled();
  if (why.hidden || !explained) return;
  const item = itemAt(Number(explained.dataset.paragraph));
  hideWhy();
  if (item) explain(item);
}

const listSoon = debounced(() => {
  if (filter()) list(from);
  tellMatches();
}, 200);

function showThreshold() {
  placeThreshold(decisions.cutoff);
  for (const button of byId("named").children) button.setAttribute("aria-pressed", Number(button.value) === decisions.cutoff);
  byId("reset").disabled = decisions.cutoff === guard.cutoff;
  showTotals();
}

function showTotals() {
  const counts = countRows();
  const removed = sum(counts.removed), characters = sum(counts.characters), all = data.characters;
  showFigures([
    ["paragraphs removed", inDigits(removed), `of ${inDigits(data.paragraphs.length)}`],
    ["characters removed", percent(all ? characters / all : 0), `of ${inDigits(all)}`],
    ["documents kept whole", inDigits(wholeDocuments()), `of ${inDigits(data.documents)}`],
  ]);
  byId("bar-total").textContent = `${inDigits(removed)} of ${count(data.paragraphs.length, "paragraph")} removed`;
  byId("difference").textContent = decisions.cutoff === guard.cutoff ? "" :
    `Compared with the threshold ${shortScore(guard.cutoff)} of the report: ${count(counts.moreKept, "paragraph")} more kept, ${count(counts.moreRemoved, "paragraph")} more removed.`;
  if (byId("kinds-details").open) showKinds(counts);
}

const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);

// By kind, how many paragraphs are kept and removed, with how many characters; and what differs from the report as made.
function countRows() {
  const counts = { kept: new Uint32Array(KINDS.length), removed: new Uint32Array(KINDS.length), characters: new Float64Array(KINDS.length), moreKept: 0, moreRemoved: 0 };
  for (const row of data.paragraphs) {
    const kind = data.kind[row], changed = decisions.keep[row] !== asMade.keep[row];
    if (decisions.keep[row]) {
      counts.kept[kind]++;
      if (changed) counts.moreKept++;
    } else {
      counts.removed[kind]++;
      counts.characters[kind] += data.size[row];
      if (changed) counts.moreRemoved++;
    }
  }
  return counts;
}

function wholeDocuments() {
  let number = 0;
  for (let at = 0; at < data.documents; at++) {
    if (decisions.whole.subarray(data.firstSection[at], data.firstSection[at + 1]).includes(1)) number++;
  }
  return number;
}

function showFigures(figures) {
  const list = byId("totals");
  if (!list.children.length) list.append(...figures.map(([name]) => element("div", "", element("dt", "", name), element("dd"))));
  figures.forEach(([, value, of], at) => {
    list.children[at].lastChild.replaceChildren(element("strong", "", value), ` ${of}`);
  });
}

function showKinds({ kept, removed, characters }) {
  const rows = KINDS.map((name, kind) => {
    const label = model.kindLabels[kind], numbers = [kept[kind], removed[kind], characters[kind]];
    return element("tr", labelClass(label), element("td", "label", LABELS[label]), element("td", "", name),
      ...numbers.map((number) => element("td", "number", inDigits(number))));
  });
  byId("kinds").tBodies[0].replaceChildren(...rows);
}

function applyFilters() {
  hideWhy();
  filter();
  list();
  tellMatches();
}

function applyOrder() {
  sort();
  arrange();
  applyFilters();
}

async function applySearch() {
  const asked = ++searches;
  const words = byId("search").value.trim();
  if (words) say("Searching …");
  await search(words);
  if (asked === searches) applyFilters();
}

let saying = 0;
function say(message) { // after a pause, so that a screen reader is not flooded
  clearTimeout(saying);
  saying = setTimeout(() => byId("status").textContent = message, 200);
}

function tellMatches() {
  say(matches.active || byId("guarded").value
    ? `${count(matches.number, "paragraph")} in ${count(matches.listed.length, "document")} ${matches.number === 1 ? "matches" : "match"}.` : "");
}

function debounced(action, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
}

function clearFilters() {
  byId("filters").reset();
  unfolded.clear();
  expanded.clear();
  applyOrder();
  applySearch();
}

function listen() {
  byId("slider").addEventListener("input", () => setThreshold(thresholdAt(Number(byId("slider").value))));
  byId("threshold").addEventListener("change", () => {
    const value = byId("threshold").valueAsNumber;
    setThreshold(value >= 0 && value <= 1 ? value : decisions.cutoff);
    byId("threshold").value = shortScore(decisions.cutoff);
  });
  byId("named").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) setThreshold(Number(button.value));
  });
  byId("reset").addEventListener("click", () => setThreshold(guard.cutoff));
  byId("kinds-details").addEventListener("toggle", showTotals);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("change", (event) => {
    if (event.target.id === "order") applyOrder();
    else if (event.target.id !== "search") applyFilters();
  });
  byId("search").addEventListener("input", debounced(applySearch, 150));
  byId("clear").addEventListener("click", clearFilters);
  addEventListener("resize", debounced(resized, 200));
}

// Unpacks all texts while nothing else is to be done, so that searches and printing find them.
async function unpackAll() {
  for (let number = 0; number < settings.chunks; number++) {
    await new Promise((done) => (globalThis.requestIdleCallback ?? setTimeout)(done));
    await texts.get(number);
  }
}

async function open() {
  await readNumbers();
  setUp();
  listen();
  if (data.documents) await texts.get(0);
  await new Promise(requestAnimationFrame);
  html.dataset.state = "usable";
  performance.mark("usable");
  await unpackAll();
  html.dataset.state = "ready";
  performance.mark("ready");
}

// For programs that look at the page: which paragraphs of each document are kept at a threshold.
globalThis.keptAt = (cutoff) => {
  const other = { keep: decisions.keep.slice(), thresholds: decisions.thresholds.slice(), certain: decisions.certain.slice(), whole: decisions.whole.slice() };
  decide(cutoff, other);
  const kept = [];
  for (let number = 0; number < data.documents; number++) {
    const rows = [];
    forRows(number, (row) => rows.push(other.keep[row] === 1));
    kept.push(rows);
  }
  return kept;
};

function showFault(error) {
  byId("fault").textContent = `This page cannot be shown: ${error.message}. It needs a browser of 2024 or later.`;
  byId("fault").hidden = false;
  throw error;
}

open().catch(showFault);
