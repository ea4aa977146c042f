// The keys of the page, which its help lists.
const help = byId("help");

const KEYS = {
  n: () => step(1, isWanted), p: () => step(-1, isWanted),
  j: () => stepDocument(1), k: () => stepDocument(-1),
  "/": () => {
    byId("filters-details").open = true;
    byId("search").focus();
  },
  t: () => byId("slider").focus(),
  "[": () => setThreshold(thresholdAt(Number(byId("slider").value) - 0.1)),
  "]": () => setThreshold(thresholdAt(Number(byId("slider").value) + 0.1)),
  0: () => setThreshold(guard.cutoff),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.key === "Escape") return escape(event);
  const inParagraph = event.target.closest?.(".paragraph");
  if (inParagraph && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1, (paragraph) => itemAt(paragraph) !== null);
  } else if (Object.hasOwn(KEYS, event.key) && byId("keys-on").checked && !isTyping(event.target)) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

const isTyping = (target) => target.matches("select, input:not([type=checkbox], [type=range])");

function escape(event) {
  if (!why.hidden) hideWhy();
  else if (event.target === byId("search") && byId("search").value) {
    byId("search").value = "";
    applySearch();
  }
}

// Whether the keys for the next paragraph stop at one: where it matches or, without a filter, is removed.
const isWanted = (paragraph) => matches.active ? matches.of[paragraph] === 1 : decisions.keep[data.paragraphs[paragraph]] === 0;

// The document that the keys start from: that of the focus, or the first one on the screen.
function placeInList() {
  const focused = document.activeElement.closest?.("article");
  if (focused?.isConnected) return { at: matches.listed.indexOf(Number(focused.dataset.document)), isFocused: true };
  const first = matches.listed.findIndex((number) => filled.has(number) && shells[number].getBoundingClientRect().bottom > 0);
  return { at: Math.max(first, 0), isFocused: false };
}

async function step(by, wanted) {
  let { at } = placeInList();
  const focused = document.activeElement.closest?.(".paragraph");
  let paragraph = focused ? Number(focused.dataset.paragraph) + by : null;
  for (; at >= 0 && at < matches.listed.length; at += by, paragraph = null) {
    const first = data.firstParagraph[matches.listed[at]], end = data.firstParagraph[matches.listed[at] + 1];
    paragraph ??= by > 0 ? first : end - 1;
    for (; paragraph >= first && paragraph < end; paragraph += by) {
      if (wanted(paragraph)) return arriveAt(at, () => goToParagraph(paragraph));
    }
  }
  say(by > 0 ? "There is no further one." : "There is none before.");
}

async function stepDocument(by) {
  const { at, isFocused } = placeInList();
  const to = isFocused ? at + by : at;
  if (to < 0 || to >= matches.listed.length) return say(by > 0 ? "This is the last document." : "This is the first document.");
  return arriveAt(to, () => goToDocument(matches.listed[to]));
}

// Turns to the part of the list that a place is in, and goes there.
async function arriveAt(at, go) {
  if (at < from || at >= from + LISTED) list(at - (at % LISTED));
  await go();
}

byId("help-button").addEventListener("click", () => help.showModal());
