/**
 * What the server has not acknowledged. Entries are sent one at a time and in order; each has a client and a serial, so
 * that one that arrives twice counts once. They outlive a reload of the window. An entry is {event, document, before,
 * restore, undoes}: `event` is what is sent, the rest is for the window.
 */

import { ApiError, post } from "./api.js";

const KEY = `detector-label:${location.pathname}`;
const OFTEN = 50; // acknowledged entries after which what is kept is written again: one too many of them does no harm
const PAUSES = [250, 500, 1000, 2000, 3000]; // milliseconds between attempts

export class Outbox {
  /** `told` has the methods acknowledged(entry, answer), refused(entry, error, undone) and changed(). */
  constructor(told) {
    this.told = told;
    this.client = identity(); // a copied window is another client
    this.serial = 0;
    this.queue = kept();
    this.sending = false; // an entry is on its way, and its number not known
    this.attempts = 0; // failed ones, since the last that succeeded
    this.trouble = null; // the ApiError of the last attempt
    this.wake = () => {};
    addEventListener("pagehide", () => this.keep());
  }

  get unsaved() {
    return this.queue.length;
  }

  add(entries) {
    for (const entry of entries) {
      this.serial += 1;
      entry.event = { client: this.client, serial: this.serial, ...entry.event };
      this.queue.push(entry);
    }
    this.keep();
    this.told.changed();
    this.send();
  }

  /** Send all that waits. Called again while it runs, it ends the pause between two attempts. */
  async send() {
    if (this.running) return;
    this.running = true;
    while (this.queue.length) await this.attempt(this.queue[0]);
    this.running = false;
  }

  retry() {
    this.wake();
    this.send();
  }

  async attempt(entry) {
    let answer, error;
    this.sending = true;
    try {
      answer = await post("events", entry.event);
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught;
      error = caught;
    }
    this.sending = false;
    if (error && error.kind !== "refused") return this.pause(error);
    this.queue.shift();
    const undone = error ? this.queue.filter((each) => undoing(each, entry)) : []; // there is nothing for them to undo
    if (undone.length) this.queue = this.queue.filter((each) => !undone.includes(each));
    if (error || this.queue.length % OFTEN === 0) this.keep();
    this.attempts = 0;
    this.trouble = null;
    if (error) this.told.refused(entry, error, undone);
    else this.told.acknowledged(entry, answer);
    this.told.changed();
  }

  pause(error) {
    this.trouble = error;
    const time = PAUSES[Math.min(this.attempts, PAUSES.length - 1)];
    this.attempts += 1;
    this.told.changed();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  keep() {
    try {
      if (this.queue.length) sessionStorage.setItem(KEY, JSON.stringify(this.queue));
      else sessionStorage.removeItem(KEY);
    } catch {
      // without storage, the entries live as long as the window, and it asks before it closes
    }
  }
}

/** Whether the first entry undoes the second one. */
function undoing({ undoes, event }, other) {
  return undoes === other.event.serial && event.client === other.event.client;
}

/** 128 random bits; `crypto.randomUUID` is missing where a page comes over plain HTTP from another machine. */
function identity() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) || [];
  } catch {
    return [];
  }
}
