/** What each command does: its name in `keys.js`, and in the buttons of the page. */

import { find, say } from "./dom.js";
import { openDialog } from "./guide.js";

export function commandsOf(session) {
  const { list, work } = session;
  return {
    next: () => list.move(list.cursor + 1),
    previous: () => list.move(list.cursor - 1),
    extendNext: () => list.move(list.cursor + 1, true),
    extendPrevious: () => list.move(list.cursor - 1, true),
    extendEnd: () => list.move(Infinity, true),
    extendStart: () => list.move(0, true),
    range: () => session.extend(!list.extending),
    first: () => list.move(0),
    last: () => list.move(Infinity),
    pageDown: () => list.move(list.cursor + 10),
    pageUp: () => list.move(list.cursor - 10),
    all: () => list.all(),
    escape: () => { session.extend(false); list.go(list.cursor); },
    expand: () => list.expand(),
    accept: () => session.run(() => work.accept()),
    acceptRest: () => session.run(() => work.accept(true)),
    clear: () => work.clear(),
    undo: () => session.run(() => work.undo()),
    done: () => session.run(() => work.done()),
    reopen: () => work.reopen(),
    nextUnlabelled: () => work.nextUnlabelled(),
    nextConflict: () => work.nextConflict(),
    suggestions: () => {
      list.hiding = find("paragraphs").classList.toggle("unsuggested");
      say(list.hiding ? "Suggestions are hidden until you give a label." : "Suggestions are shown.");
    },
    nextDocument: () => session.step(1),
    previousDocument: () => session.step(-1),
    search: () => session.search(),
    guide: () => openDialog(find("guide"), () => session.leave()),
  };
}
