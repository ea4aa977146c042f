/** Who is labelling: the name that the server was started with, or one that is given in this window. */

import { find, say } from "./dom.js";
import { closeDialog, openDialog } from "./guide.js";

const KEY = `detector-label-name:${location.pathname}`;

export class Who {
  /** `given` is the server's name or null; `changed` is called when another name is given, `leave` after the dialog. */
  constructor(given, changed, leave) {
    this.given = given;
    this.own = stored();
    this.changed = changed;
    find("who").addEventListener("click", () => {
      find("name-field").value = this.name ?? "";
      openDialog(find("name"), leave);
      find("name-field").select();
    });
    find("name-field").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) this.take(); });
    find("name-save").addEventListener("click", () => this.take());
    this.write();
  }

  get name() {
    return this.own ?? this.given;
  }

  take() {
    this.own = find("name-field").value.trim().slice(0, 100) || null;
    try {
      if (this.own === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, this.own);
    } catch {
      // without storage, the name holds until the window is closed
    }
    closeDialog(find("name"));
    this.write();
    this.changed();
    say(this.name === null ? "You label without a name." : `You label as ${this.name}.`);
  }

  write() {
    find("who").textContent = this.name === null ? "Labelling without a name" : `Labelling as ${this.name}`;
  }
}

function stored() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
