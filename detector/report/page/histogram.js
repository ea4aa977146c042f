// The histogram of the scores, and the slider below it. Both have the log-odds of the score as their axis.
const BINS = 70, LOWEST = -7, HIGHEST = 7, STEP = 0.02;
const TICKS = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999];
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 700, HEIGHT = 120;
let thresholdLine = null;

const position = (share) => (Math.min(Math.max(logit(share), LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST);

function binOf(score) {
  return Math.min(Math.floor(position(score) * BINS), BINS - 1);
}

function drawHistogram() {
  const counts = LABELS.map(() => new Uint32Array(BINS));
  for (const row of data.paragraphs) counts[data.label[row]][binOf(data.score[row])]++;
  let most = 1;
  for (let bin = 0; bin < BINS; bin++) most = Math.max(most, counts.reduce((sum, each) => sum + each[bin], 0));
  const bars = [];
  for (let bin = 0; bin < BINS; bin++) bars.push(...stack(counts, bin, most));
  thresholdLine = shape("line", "threshold-line", { x1: 0, x2: 0, y1: 0, y2: HEIGHT });
  byId("histogram").replaceChildren(...bars, thresholdLine);
  byId("axis").replaceChildren(...TICKS.map(tick));
  describeHistogram();
}

// The bars of a bin, one above the other: the height of all is the square root of their number.
function stack(counts, bin, most) {
  const all = counts.reduce((sum, each) => sum + each[bin], 0);
  const height = Math.sqrt(all / most) * (HEIGHT - 4);
  const bars = [];
  let top = HEIGHT;
  counts.forEach((each, label) => {
    const part = all ? (each[bin] / all) * height : 0;
    top -= part;
    if (part) bars.push(shape("rect", `bar ${labelClass(label)}`, {
      x: (bin * WIDTH) / BINS + 0.5, width: WIDTH / BINS - 1, y: top, height: part,
    }));
  });
  return bars;
}

function shape(name, className, attributes) {
  const made = document.createElementNS(SVG, name);
  made.setAttribute("class", className);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function tick(score) {
  const made = element("span", "", String(score));
  made.style.left = `${100 * position(score)}%`;
  return made;
}

function describeHistogram() {
  const [low, middle, high] = [0.1, 0.9, 2].map((end, at, ends) => {
    let number = 0;
    for (const row of data.paragraphs) if (data.score[row] < end && (!at || data.score[row] >= ends[at - 1])) number++;
    return count(number, "paragraph");
  });
  byId("histogram-text").textContent = `Score below 0.1: ${low}. From 0.1 to 0.9: ${middle}. Above: ${high}.`;
}

// Where the threshold stands: on the slider, in the histogram, and as a number.
function placeThreshold(cutoff) {
  const slider = byId("slider");
  slider.value = Math.min(Math.max(logit(cutoff), LOWEST), HIGHEST);
  slider.setAttribute("aria-valuetext", shortScore(cutoff));
  const x = position(cutoff) * WIDTH;
  thresholdLine.setAttribute("x1", x);
  thresholdLine.setAttribute("x2", x);
  if (document.activeElement !== byId("threshold")) byId("threshold").value = shortScore(cutoff);
  byId("option").textContent = Object.keys(model.thresholds).find((name) => model.thresholds[name] === cutoff) ?? String(cutoff);
}

// The threshold of a place on the slider; its ends keep and remove all.
function thresholdAt(place) {
  if (place <= LOWEST) return 0;
  if (place >= HIGHEST) return 1;
  return Number((1 / (1 + Math.exp(-place))).toPrecision(4));
}

const shortScore = (score) => String(Number(score.toPrecision(4)));
