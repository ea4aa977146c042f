// Which paragraphs match the filters, and which documents are listed.
const FILTERS = ["search", "kind", "decision", "doubt", "guarded", "order", "context"];
const NEAR = Math.log(3); // log-odds between a score and a threshold that are near each other
const matches = {
  of: null, // of each paragraph, 0 or 1
  number: 0, // of paragraphs
  found: null, // of each paragraph, whether the search finds it; null without a search
  pattern: null, // of the search
  order: [], // the numbers of all documents, in the order in which they are shown
  listed: [], // those of the documents that match, in this order
  active: false, // whether a filter is set that leaves paragraphs out
};

function prepareFilters() {
  matches.of = new Uint8Array(data.paragraphs.length);
  byId("labels").append(...LABELS.map((name, label) => {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", defaultChecked: true, value: label });
    return element("label", labelClass(label), box, element("span", "label", name));
  }));
  LABELS.forEach((name, label) => {
    const group = Object.assign(document.createElement("optgroup"), { label: name });
    KINDS.forEach((kind, number) => model.kindLabels[number] === label && group.append(new Option(kind, number)));
    byId("kind").append(group);
  });
}

function chosen() {
  const values = Object.fromEntries(FILTERS.map((id) => [id, byId(id).value]));
  values.labels = [...byId("labels").querySelectorAll("input")].map((box) => box.checked);
  return values;
}

// What a paragraph has to pass: functions of its row, its section and its number.
function testsOf(values) {
  const tests = [];
  if (!values.labels.every(Boolean)) tests.push((row) => values.labels[data.label[row]]);
  if (values.kind) tests.push((row) => data.kind[row] === Number(values.kind));
  if (values.decision === "changed") tests.push((row) => decisions.keep[row] !== asMade.keep[row]);
  else if (values.decision) tests.push((row) => decisions.keep[row] === (values.decision === "kept" ? 1 : 0));
  if (values.doubt === "near") tests.push((row, section) => isNear(row, section));
  else if (values.doubt) tests.push((row) => data.certainty[row] < Number(values.doubt));
  if (matches.found) tests.push((row, section, paragraph) => matches.found[paragraph] === 1);
  return tests;
}

function isNear(row, section) {
  return Math.abs(logit(data.score[row]) - logit(decisions.thresholds[section])) <= NEAR;
}

const GUARDED = {
  whole: (section) => decisions.whole[section] === 1,
  unfamiliar: (section) => data.familiarity[section] < guard.familiar,
  page: (section) => decisions.certain[section] > 0,
};

// Finds out what matches. Returns whether other documents match than before.
function filter() {
  const values = chosen(), tests = testsOf(values), guarded = GUARDED[values.guarded];
  const before = matches.listed;
  matches.active = tests.length > 0;
  matches.number = 0;
  matches.listed = [];
  for (const number of matches.order) {
    const found = filterDocument(number, tests, guarded);
    matches.number += found;
    if (found || (!matches.active && !guarded)) matches.listed.push(number);
  }
  return !same(before, matches.listed);
}

const same = (one, other) => one.length === other.length && one.every((each, at) => each === other[at]);

// Filters again the documents that are filled. Returns those of which other paragraphs match than before.
function filterFilled() {
  const values = chosen(), tests = testsOf(values), guarded = GUARDED[values.guarded];
  return [...filled].filter((number) => {
    const marks = matches.of.subarray(data.firstParagraph[number], data.firstParagraph[number + 1]), before = marks.slice();
    filterDocument(number, tests, guarded);
    return !same(before, marks);
  });
}

// Whether it depends on the threshold what matches.
function dependsOnThreshold() {
  return Boolean(byId("decision").value || byId("guarded").value) || byId("doubt").value === "near";
}

// Notes which paragraphs of a document match; returns their number.
function filterDocument(number, tests, guarded) {
  let found = 0, paragraph = data.firstParagraph[number];
  for (let section = data.firstSection[number]; section < data.firstSection[number + 1]; section++) {
    const passes = !guarded || guarded(section);
    for (let row = data.firstRowOfSection[section]; row < data.firstRowOfSection[section + 1]; row++) {
      if (!data.shown[row]) continue;
      const matching = passes && tests.every((each) => each(row, section, paragraph));
      matches.of[paragraph++] = matching ? 1 : 0;
      if (matching) found++;
    }
  }
  return found;
}

// Puts the documents into the order that is chosen, as the threshold is now.
function sort() {
  matches.order = Array.from({ length: data.documents }, (_, number) => number);
  const key = ORDERS[byId("order").value];
  if (!key) return;
  const keys = Float64Array.from(matches.order, key);
  matches.order.sort((one, other) => keys[other] - keys[one] || one - other);
}

const ORDERS = {
  removed: (number) => shareRemoved(number),
  doubt: (number) => {
    let sum = 0;
    forRows(number, (row) => sum += 1 - data.certainty[row]);
    return sum / Math.max(data.firstRow[number + 1] - data.firstRow[number], 1);
  },
  length: (number) => {
    let sum = 0;
    forRows(number, (row) => sum += data.size[row]);
    return sum;
  },
};

function forRows(number, use) {
  for (let row = data.firstRow[number]; row < data.firstRow[number + 1]; row++) if (data.shown[row]) use(row);
}

function shareRemoved(number) {
  let removed = 0, all = 0;
  forRows(number, (row) => {
    all += data.size[row];
    if (!decisions.keep[row]) removed += data.size[row];
  });
  return all ? removed / all : 0;
}

// Finds the words of the search in all texts, which are unpacked for it, and in the ids.
async function search(words) {
  if (!words) {
    matches.found = matches.pattern = null;
    return;
  }
  const pattern = new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\s+/g, "\\s+"), "iu");
  await Promise.all(Array.from({ length: settings.chunks }, (_, number) => texts.get(number)));
  const found = new Uint8Array(data.paragraphs.length);
  for (let number = 0; number < data.documents; number++) {
    const first = data.firstParagraph[number];
    if (pattern.test(nameOf(number))) found.fill(1, first, data.firstParagraph[number + 1]);
    else textsOf(number).forEach((text, at) => { if (pattern.test(text)) found[first + at] = 1; });
  }
  matches.found = found;
  matches.pattern = pattern;
}
