// The decisions at a threshold: the same steps, in the same order, as in detector/guard.py.
const decisions = {
  cutoff: guard.cutoff,
  keep: null, // of each row, 0 or 1
  thresholds: null, // of each section
  certain: null, // of each section: how many paragraphs go with certainty if it looks like a whole page, else 0
  whole: null, // of each section: whether it is kept whole
};

function prepareDecisions() {
  const sections = data.rows.length;
  decisions.keep = new Uint8Array(data.score.length);
  decisions.thresholds = new Float64Array(sections);
  decisions.certain = new Uint32Array(sections);
  decisions.whole = new Uint8Array(sections);
}

function decide(cutoff, into = decisions) {
  into.cutoff = cutoff;
  for (let section = 0; section < data.rows.length; section++) decideSection(cutoff, section, into);
  return into;
}

function decideSection(cutoff, section, into) {
  const first = data.firstRowOfSection[section], end = data.firstRowOfSection[section + 1];
  const trust = Math.min(data.familiarity[section] / guard.familiar, 1);
  let limit = cutoff * trust * trust;
  const certain = certainRows(first, end, limit);
  if (certain) {
    const odds = 1 + (guard.pageOdds - 1) * Math.min((certain - guard.pageParagraphs) / guard.pageParagraphs, 1);
    limit = (odds * limit) / (1 + (odds - 1) * limit);
  }
  let removed = 0, all = 0, doubtful = false;
  for (let row = first; row < end; row++) {
    const kept = data.score[row] >= limit;
    into.keep[row] = kept ? 1 : 0;
    all += data.size[row];
    if (!kept) {
      removed += data.size[row];
      doubtful ||= data.shown[row] === 1;
    }
  }
  const whole = guard.maxRemoved < 1 && !certain && removed > guard.maxRemoved * all;
  if (whole) into.keep.fill(1, first, end);
  into.thresholds[section] = limit;
  into.certain[section] = certain;
  into.whole[section] = whole && doubtful ? 1 : 0;
}

// How many rows go with certainty, if these rows look like a whole page; else 0.
const kindSeen = new Int32Array(KINDS.length).fill(-1);
let kindsAsked = 0;

function certainRows(first, end, limit) {
  const least = guard.certain * limit;
  let certain = 0, goes = 0;
  for (let row = first; row < end; row++) {
    if (data.score[row] < limit) goes++;
    if (data.score[row] < least) certain++;
  }
  if (certain < guard.pageParagraphs || 2 * certain < goes) return 0;
  let kinds = 0;
  kindsAsked++;
  for (let row = first; row < end; row++) {
    const kind = data.best[row];
    if (data.score[row] >= least || kindSeen[kind] === kindsAsked) continue;
    kindSeen[kind] = kindsAsked;
    if (model.kindLabels[kind] !== 0) kinds++;
  }
  return kinds >= guard.pageKinds ? certain : 0;
}

// What the guard has done with a document, over its sections.
function guardOf(number) {
  const from = data.firstSection[number], to = data.firstSection[number + 1];
  let threshold = Infinity, familiarity = Infinity, whole = false, page = false;
  for (let section = from; section < to; section++) {
    threshold = Math.min(threshold, decisions.thresholds[section]);
    familiarity = Math.min(familiarity, data.familiarity[section]);
    whole ||= decisions.whole[section] === 1;
    page ||= decisions.certain[section] > 0;
  }
  return { threshold, familiarity, whole, page, unfamiliar: familiarity < guard.familiar };
}
