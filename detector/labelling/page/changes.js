/** What other windows did: asked for all the time, and shown when it is known which changes are this window's own. */

import { get } from "./api.js";

const PAUSE = 1500; // milliseconds between two requests
const HIDDEN_PAUSE = 6000; // of a window that nobody sees

export class Changes {
  /**
   * `told` has the methods heard(changes, done, state), failed(error) and sending(), which says whether an event is on
   * its way.
   */
  constructor(seq, client, told) {
    this.client = client;
    this.seen = seq; // the last event that this window has shown
    this.latest = seq; // the last event that it has heard of
    this.told = told;
    this.waiting = []; // answers that are not shown yet
    this.own = new Set(); // numbers of this window's events
  }

  start() {
    document.addEventListener("visibilitychange", () => document.hidden || this.poll());
    this.again();
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), document.hidden ? HIDDEN_PAUSE : PAUSE);
  }

  /** Ask now. Calls that come while one is on its way wait for that one. */
  poll() {
    this.asking ??= this.ask().finally(() => { this.asking = null; this.again(); });
    return this.asking;
  }

  async ask() {
    const since = this.waiting.at(-1)?.seq ?? this.seen;
    const { latest } = this;
    let answer;
    try {
      answer = await get(`changes?since=${since}`);
    } catch (error) {
      return this.told.failed(error);
    }
    if (answer.seq < latest) return location.reload(); // an older journal was put back: what is shown is not there
    this.latest = Math.max(this.latest, answer.seq);
    this.waiting.push(answer);
    this.release();
  }

  /** Remember the numbers of an acknowledged event, and show what waited for them. */
  acknowledged(answer) {
    for (const { seq } of answer.applied) this.own.add(seq);
    this.latest = Math.max(this.latest, answer.seq);
    this.release();
  }

  /** Show what waits; not while an event is on its way, of which the number is not known. */
  release() {
    if (this.told.sending()) return;
    for (const { seq, changes, done, state } of this.waiting) {
      this.told.heard(changes.filter((change) => !this.own.has(change.seq) && change.client !== this.client), done, state);
      this.seen = Math.max(this.seen, seq);
    }
    this.waiting = [];
  }
}
