"use strict";

const MOST = 2000; // paragraphs that are shown
const EXAMPLE = `Night bus between Fellgate and Tarn Market will stop in April
By Priya Lonsdale, transport reporter
Share this story
The last bus from Fellgate to Tarn Market will run on 31 March, the county's transport committee decided on Tuesday, after the operator asked for twice the subsidy it receives today.
The N7 carries about 90 people on a weekday night, most of them on their way to or from shifts at the hospital and the parcel depot.
"I finish at half past ten and I don't drive," said a nurse who has used the line for six years. "Nobody has told me how I am supposed to get home."
Subscribe to our Morning Round-Up newsletter and never miss a story!
The committee had recommended keeping the line until the summer, when a new contract for all night buses is due.
Read more: Hospital car park charges to rise again
© 2031 Fellgate Herald Ltd. All rights reserved.
`;
const find = (id) => document.getElementById(id);
let cleanText = "";
let latest = 0; // the number of the latest request: answers to earlier ones are dropped

find("form").addEventListener("submit", (event) => { event.preventDefault(); clean(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); clean(); }
});
find("example").addEventListener("click", () => { find("text").value = EXAMPLE; find("text").focus(); });
find("shown").addEventListener("change", () => {
  find("paragraphs").classList.toggle("kept-only", !find("shown").checked);
  rove(visible()[0]);
});
find("copy").addEventListener("click", copy);
find("paragraphs").addEventListener("keydown", move);
offerSettings();

async function offerSettings() { // the thresholds of the model, from the lowest to the highest, and what it can read
  const response = await fetch("healthz").catch(() => null);
  if (!response || !response.ok) return;
  const { thresholds, effort } = await response.json();
  const names = Object.keys(thresholds).sort((one, other) => thresholds[one] - thresholds[other]);
  for (const name of names) find("threshold").append(new Option(`${name} (${thresholds[name].toFixed(2)})`, name));
  if (effort === null) return;
  find("effort").options[0].text = `the service's own setting (${effort})`;
  find("reading").hidden = false;
}

async function clean() {
  const number = ++latest;
  const text = find("text").value;
  const asked = { text };
  for (const name of ["threshold", "policy"]) if (find(name).value) asked[name] = find(name).value;
  if (find("effort").value) asked.effort = Number(find("effort").value);
  say("Cleaning …");
  find("clean").disabled = true;
  try {
    const answer = await ask(asked);
    if (number === latest) show(text, answer);
  } catch (error) {
    if (number === latest) fail(error.message);
  } finally {
    if (number === latest) find("clean").disabled = false;
  }
}

async function ask(asked) {
  let response;
  try {
    response = await fetch("predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked),
    });
  } catch {
    throw new Error("The service cannot be reached. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(`The service answered: ${answer.detail || response.statusText}`);
  return answer;
}

function show(text, answer) {
  const characters = Array.from(text); // positions count code points, and strings of JavaScript UTF-16 units
  const { paragraphs } = answer;
  const removed = paragraphs.filter((each) => !each.keep);
  cleanText = withoutRemoved(characters, paragraphs);
  const items = paragraphs.slice(0, MOST).map((each) => item(each, characters));
  find("paragraphs").replaceChildren(...items);
  rove(visible()[0]);
  find("tools").hidden = find("paragraphs").hidden = !items.length;
  find("error").textContent = "";
  say(summary(paragraphs.length, removed.length, answer));
}

function withoutRemoved(characters, paragraphs) {
  let kept = "";
  let at = 0;
  paragraphs.forEach((each, number) => {
    if (each.keep) return;
    kept += characters.slice(at, each.start).join("");
    at = number + 1 < paragraphs.length ? paragraphs[number + 1].start : characters.length;
  });
  return kept + characters.slice(at).join("");
}

function summary(all, removed, answer) {
  if (!all) return "There is no paragraph in the text.";
  let told = `${count(all - removed)} kept, ${count(removed)} removed. The threshold is ${answer.threshold.toFixed(2)}.`;
  if (answer.kept_whole) told += " Most of the text would have been removed, so all of it is kept.";
  if (all > MOST) told += ` The first ${MOST.toLocaleString("en")} are shown.`;
  return told;
}

const count = (number) => `${number.toLocaleString("en")} ${number === 1 ? "paragraph" : "paragraphs"}`;

function item(paragraph, characters) {
  const entry = document.createElement("li");
  if (!paragraph.keep) entry.className = "removed";
  const text = document.createElement("p");
  text.className = "text";
  text.dir = "auto";
  text.textContent = characters.slice(paragraph.start, paragraph.end).join("");
  const decision = document.createElement("p");
  decision.className = "decision";
  const strong = document.createElement("strong");
  strong.textContent = paragraph.keep ? "Kept" : "Removed";
  const score = document.createElement("span");
  score.textContent = `score ${paragraph.score.toFixed(3)}`;
  decision.append(strong, ` ${paragraph.label}, ${paragraph.kind} `, score);
  entry.append(text, decision);
  entry.tabIndex = -1;
  return entry;
}

const visible = () => [...find("paragraphs").children].filter((each) => find("shown").checked || !each.className);

function rove(entry) { // the Tab key reaches one paragraph, the arrow keys the others
  for (const each of find("paragraphs").children) each.tabIndex = -1;
  if (entry) entry.tabIndex = 0;
}

function move(event) {
  const entries = visible();
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (to === undefined || !entries[to]) return;
  event.preventDefault();
  rove(entries[to]);
  entries[to].focus();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(cleanText);
    say("The clean text is copied.");
  } catch {
    fail("The browser does not allow copying here.");
  }
}

function say(message) { find("status").textContent = message; }

function fail(message) {
  say("");
  find("error").textContent = message;
}
