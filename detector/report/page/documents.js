// The list of documents: an empty shell of about the right height for each, filled while it is near the screen.
const LISTED = 2000; // documents that are listed at a time
const MARGIN = 1200; // pixels above and below the screen
const LINE = 25, CHARACTER = 8, AROUND = 15, HEAD = 90; // about as many pixels

const shells = []; // by the number of the document
const filled = new Set(); // the numbers of the documents whose shells are filled
const heights = []; // of the shells that are not filled, in pixels
let listed = []; // the numbers of the documents that are listed, in order
let perLine = 80; // characters; measured when the window has another width
let from = 0; // the place of the first one that is listed among those that match
let current = null; // the paragraph that the Tab key reaches
let isPrinting = false;

function makeShells() {
  for (let number = 0; number < data.documents; number++) {
    const shell = element("article", "document card");
    shell.dataset.document = number;
    shell.tabIndex = -1;
    shell.setAttribute("aria-labelledby", `document-${number}`);
    shells.push(shell);
  }
}

// The numbers of the listed documents that are near the screen: the first one is found by halving.
function near() {
  let low = 0, high = listed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shells[listed[middle]].getBoundingClientRect().bottom < -MARGIN) low = middle + 1;
    else high = middle;
  }
  const found = [];
  for (let at = low; at < listed.length; at++) {
    if (shells[listed[at]].getBoundingClientRect().top > innerHeight + MARGIN) break;
    found.push(listed[at]);
  }
  return found;
}

// Fills the shells near the screen, and empties all others, until their true heights bring no other ones near.
function fillNear() {
  const numbers = near(), missing = numbers.filter((number) => !filled.has(number));
  for (const number of missing) {
    if (textsOf(number)) refill(number);
    else texts.get(data.chunk[number]).then(fillSoon);
  }
  if (!isPrinting) emptyOthers(numbers);
  if (missing.some((number) => filled.has(number))) fillSoon();
}

function emptyOthers(numbers) {
  const others = [...filled].filter((number) => !numbers.includes(number) && !shells[number].contains(document.activeElement));
  const measured = others.map((number) => shells[number].offsetHeight); // all of them before anything changes
  others.forEach((number, at) => empty(number, measured[at]));
}

let isFilling = false;
function fillSoon() { // at the next frame
  if (isFilling) return;
  isFilling = true;
  requestAnimationFrame(() => {
    isFilling = false;
    fillNear();
  });
}

addEventListener("scroll", fillSoon, { passive: true });

// Puts the shells into the order of the documents.
function arrange() {
  byId("documents").replaceChildren(...matches.order.map((number) => shells[number]));
}

// Shows the shells of the documents that match, from the place `start` on, and no others.
function list(start = 0) {
  from = Math.min(start, Math.max(matches.listed.length - 1, 0));
  listed = matches.listed.slice(from, from + LISTED);
  const shown = new Set(listed);
  shells.forEach((shell, number) => {
    const isHidden = !shown.has(number);
    if (shell.hidden !== isHidden) shell.hidden = isHidden;
    if (!isHidden && !filled.has(number)) setHeight(number, estimate(number));
  });
  for (const number of [...filled]) {
    if (shells[number].hidden) empty(number);
    else refill(number);
  }
  showMore();
  fillSoon();
}

function showMore() {
  const all = matches.listed.length, to = from + listed.length;
  byId("more").hidden = all <= LISTED;
  byId("previous").disabled = from === 0;
  byId("next").disabled = to >= all;
  byId("more-text").textContent = `${inDigits(from + 1)} to ${inDigits(to)} of ${count(all, "document")}`;
}

function measure() {
  const width = byId("documents").clientWidth;
  perLine = Math.max((width < 640 ? width - 40 : width - 240) / CHARACTER, 20);
}

function estimate(number) {
  const folds = matches.active && byId("context").value === "matching";
  let height = HEAD, last = Math.min(data.firstParagraph[number + 1], data.firstParagraph[number] + MOST);
  for (let paragraph = data.firstParagraph[number]; paragraph < last; paragraph++) {
    if (folds && !matches.of[paragraph]) continue;
    height += AROUND + LINE * Math.ceil(Math.min(data.size[data.paragraphs[paragraph]], settings.shown) / perLine);
  }
  return height;
}

function setHeight(number, height) {
  if (heights[number] === height) return;
  heights[number] = height;
  shells[number].style.height = height === null ? "" : `${height}px`;
}

function refill(number, wanted = -1) {
  const focused = shells[number].contains(document.activeElement) ? document.activeElement.dataset.paragraph : undefined;
  const items = element("ol", "", ...itemsOf(number, wanted));
  items.setAttribute("role", "list"); // which browsers forget where it has no numbers
  shells[number].replaceChildren(headOf(number), items);
  setHeight(number, null);
  filled.add(number);
  updateShell(number);
  const reached = items.querySelector(`[data-paragraph="${current}"]`);
  (reached ?? items.querySelector(".paragraph"))?.setAttribute("tabindex", "0");
  if (focused !== undefined) items.querySelector(`[data-paragraph="${focused}"]`)?.focus({ preventScroll: true });
}

function empty(number, height = estimate(number)) {
  if (!filled.delete(number)) return;
  shells[number].replaceChildren();
  setHeight(number, height || estimate(number));
}

function updateShell(number) {
  shells[number].querySelector(".facts").textContent = facts(number);
}

// After a change of the threshold: only what is filled is on or near the screen.
function updateFilled() {
  for (const number of filled) {
    updateShell(number);
    for (const item of shells[number].querySelectorAll(".paragraph")) updateItem(item);
  }
}

byId("documents").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const number = Number(button.closest("article").dataset.document);
  if (button.dataset.expand) expanded.add(number);
  if (!button.dataset.fold) return refill(number);
  const [first, last] = button.dataset.fold.split(" ").map(Number);
  for (let paragraph = first; paragraph <= last; paragraph++) unfolded.add(paragraph);
  refill(number);
  focusParagraph(first);
});

// Moves the focus to a paragraph of a document that is listed, which is filled first.
async function goToParagraph(paragraph) {
  const number = documentOf(paragraph);
  await texts.get(data.chunk[number]);
  if (!itemAt(paragraph)) {
    if (paragraph - data.firstParagraph[number] >= MOST) expanded.add(number);
    refill(number, paragraph);
  }
  focusParagraph(paragraph);
}

const itemAt = (paragraph) => shells[documentOf(paragraph)]?.querySelector(`[data-paragraph="${paragraph}"]`) ?? null;

function focusParagraph(paragraph) {
  const item = itemAt(paragraph);
  if (!item) return;
  item.focus({ preventScroll: true });
  scrollTo(item, innerWidth > 704 ? "center" : "start"); // on a phone, the reasons are at the bottom
}

async function goToDocument(number) {
  await texts.get(data.chunk[number]);
  if (!filled.has(number)) refill(number);
  shells[number].focus({ preventScroll: true });
  scrollTo(shells[number], "start");
}

// Scrolls at once, and once more when the shells around have their true heights.
function scrollTo(target, block) {
  const options = { block, behavior: "instant" };
  target.scrollIntoView(options);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (document.activeElement === target) target.scrollIntoView(options);
  }));
}

byId("documents").addEventListener("focusin", (event) => {
  const item = event.target.closest(".paragraph");
  if (!item) return;
  if (current !== null) itemAt(current)?.setAttribute("tabindex", "-1");
  current = Number(item.dataset.paragraph);
  for (const other of item.parentElement.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
});

byId("previous").addEventListener("click", () => turn(-LISTED));
byId("next").addEventListener("click", () => turn(LISTED));

function turn(by) {
  list(from + by);
  byId("documents").focus();
}

addEventListener("beforeprint", () => { // all that is listed, as far as it is unpacked
  isPrinting = true;
  for (const number of listed) if (textsOf(number)) refill(number);
});

addEventListener("afterprint", () => {
  isPrinting = false;
  fillNear();
});

// Estimates the heights again if the window has another width, but fills nothing again.
function resized() {
  const before = perLine;
  measure();
  if (perLine !== before) for (const number of listed) if (!filled.has(number)) setHeight(number, estimate(number));
  fillSoon();
}
