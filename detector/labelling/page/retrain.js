/** Retraining: a button, what happens, and the held-out figures before and after. */

import { post } from "./api.js";
import { element, find, say } from "./dom.js";

// what the figures of the server mean, in plain words
const WORDS = {
  appeal: "Appeals that are removed",
  nav: "Navigation that is removed",
  lost: "Words of the article that are removed",
  "A@.5": "Appeals removed, if 0.5 % of the article may be lost",
  "N@.5": "Navigation removed, at the same loss",
  "O@.5": "Everything but the article removed, at the same loss",
  loss: "Error of the scores (mean cross-entropy)",
};
const LOWER = new Set(["lost", "loss"]); // figures that are better if they are lower
const NO_SHARE = new Set(["loss"]);
const TOLD = {
  idle: "", running: "Retraining.", ready: "The retrained model is ready.", failed: "Retraining failed.",
  accepted: "", rejected: "", // the server's message says all
};

export class Retrain {
  /** `poll` asks the server for its state at once. */
  constructor(poll) {
    this.poll = poll;
    this.status = "idle";
    find("retrain-start").addEventListener("click", () => this.ask("retrain", "Retraining has begun."));
    find("retrain-accept").addEventListener("click", () => this.ask("retrain/accept", "The retrained model is taken over."));
    find("retrain-reject").addEventListener("click", () => this.ask("retrain/reject", "The first model counts."));
  }

  async ask(path, told) {
    this.error = "";
    try {
      await post(path);
      say(told);
    } catch (error) {
      this.error = error.message;
    }
    this.write();
    await this.poll();
  }

  show(retrain) {
    if (JSON.stringify(retrain) === JSON.stringify(this.answer)) return;
    const changed = retrain.status !== this.status;
    const ended = changed && this.status === "running";
    const { better } = retrain;
    this.status = retrain.status;
    this.answer = retrain;
    if (ended && better === false) say(retrain.message);
    if (changed && retrain.status === "ready") say("The retrained model is ready: open Retrain to compare.");
    if (changed && retrain.status === "failed") say("Retraining failed: open Retrain for the reason.");
    this.write();
  }

  write() {
    const { status, message, before, after, better, adapted, command } = this.answer;
    const ready = status === "ready";
    const state = find("retrain-state");
    const texts = this.error ? ["", this.error] : [TOLD[status] ?? status, message];
    texts.forEach((text, at) => { if (state.children[at].textContent !== text) state.children[at].textContent = text; });
    find("retrain-use").hidden = !command;
    find("retrain-command").textContent = command;
    state.dataset.state = this.error ? "failed" : status;
    find("retrain-table").hidden = !(before && after);
    if (before && after) find("retrain-table").tBodies[0].replaceChildren(...rows(before, after));
    find("retrain-start").hidden = status === "running" || ready;
    find("retrain-accept").hidden = !ready;
    find("retrain-reject").hidden = status === "running" || !(ready || adapted);
    find("retrain-reject").textContent = ready && adapted ? "Drop the retrained model" : "Go back to the model as it was";
    find("retrain-accept").classList.toggle("main", better !== false);
    find("retrain-reject").classList.toggle("main", ready && better === false);
    const button = find("open-retrain");
    button.dataset.state = status;
    if (find("retrain").open && document.activeElement === document.body) find("retrain").querySelector("button:not([hidden])").focus();
    button.textContent = status === "running" ? "Retraining …" : ready ? "Retrained: compare" : "Retrain";
  }
}

/** The rows of the table: first the figures that have words, in their order. */
function rows(before, after) {
  const names = [...Object.keys(WORDS), ...Object.keys(before).filter((name) => !(name in WORDS))];
  return names.filter((name) => typeof before[name] === "number" && typeof after[name] === "number").map((name) => {
    const change = after[name] - before[name];
    const better = Math.abs(change) < 5e-4 ? "same" : change > 0 !== LOWER.has(name) ? "better" : "worse";
    const cells = [before[name], after[name]].map((value) => element("td", { textContent: figure(name, value) }));
    const last = element("td", { className: better, textContent: better === "same" ? "the same" : `${difference(name, change)}, ${better}` });
    return element("tr", {}, element("th", { scope: "row", textContent: WORDS[name] ?? name }), ...cells, last);
  });
}

const figure = (name, value) => (NO_SHARE.has(name) ? value.toFixed(3) : `${(100 * value).toFixed(1)}\u00a0%`);

function difference(name, change) {
  const sign = change > 0 ? "+" : "−";
  return sign + (NO_SHARE.has(name) ? Math.abs(change).toFixed(3) : `${(100 * Math.abs(change)).toFixed(1)}`);
}
