/** The head of the page: progress, agreement, what is saved; and the banner. */

import { count, find, number, percent } from "./dom.js";

const SLOW = 1500; // milliseconds after which something unsaved gets a banner

/** Progress and agreement as the server last told them. */
export function showState(state) {
  const { documents, done, paragraphs, labelled, agreement } = state;
  find("model-name").textContent = `The suggestions are those of ${state.model.name}.`;
  find("labelled").textContent = `${number(labelled)} of ${count(paragraphs, "paragraph")}, ${number(done)} of ${count(documents, "document")} done`;
  find("progress").max = Math.max(1, paragraphs);
  find("progress").value = labelled;
  showAgreement(agreement, state.retrain.adapted);
}

function showAgreement({ labelled, agreed, share, low, high }, adapted) {
  const interval = find("interval");
  interval.hidden = share === null;
  if (share === null) {
    find("agreement").textContent = adapted ? "new model: no label since" : "no label to compare yet";
    return;
  }
  find("agreement").textContent = `${percent(share)} (${Math.round(100 * low)}–${percent(high)}), ${number(agreed)} of ${number(labelled)}`;
  find("agreement").title = "The share of your labels that equal the suggestion, and its interval of 95 %";
  for (const [name, value] of Object.entries({ share, low, high })) interval.style.setProperty(`--${name}`, value);
}

/** What is saved. Something that waits for long, or that failed, is told in a banner. */
export class Saving {
  constructor(outbox) {
    this.outbox = outbox;
    this.since = null; // when the first unsaved entry began to wait
    this.lost = null; // the ApiError of the last poll
    this.refusal = ""; // what the server did not take, until the user has read it
    find("banner-button").addEventListener("click", () => this.pressed());
    addEventListener("beforeunload", (event) => { if (outbox.unsaved) event.preventDefault(); });
  }

  pressed() {
    if (this.refusal) this.refusal = "";
    else this.outbox.retry();
    this.show();
  }

  show() {
    const { unsaved, trouble } = this.outbox;
    if (!unsaved) this.since = null;
    else this.since ??= Date.now();
    clearTimeout(this.timer);
    const late = unsaved && (trouble || Date.now() - this.since >= SLOW);
    if (unsaved && !late) this.timer = setTimeout(() => this.show(), SLOW);
    const saved = find("saved");
    saved.dataset.state = !unsaved ? "saved" : late ? "unsaved" : "saving";
    saved.textContent = !unsaved ? "Saved" : late ? `${count(unsaved, "change")} not saved` : "Saving …";
    this.banner(unsaved, late, trouble);
  }

  banner(unsaved, late, trouble) {
    const error = trouble ?? this.lost;
    let text = "";
    if (this.refusal) text = this.refusal;
    else if (error?.kind === "moved") text = "The server no longer knows this address: it was started again with another one, which it printed. " + (unsaved ? `${amount(unsaved)} not saved, and will be sent if the server comes back at this address.` : "Everything that you labelled here is saved.");
    else if (late) text = `${trouble ? trouble.message : "The server is slow."} ${amount(unsaved)} not saved yet. You can go on: this page keeps trying. Do not close it.`;
    else if (error) text = `${error.message} Everything that you labelled is saved.`;
    const button = find("banner-button");
    button.textContent = this.refusal ? "I have read it" : "Try now";
    button.hidden = !text || (!this.refusal && !unsaved);
    find("banner").hidden = !text;
    if (find("banner-text").textContent !== text) find("banner-text").textContent = text;
  }
}

const amount = (unsaved) => `${count(unsaved, "change")} ${unsaved === 1 ? "is" : "are"}`;
