/** Setting up a tablet, or one more user of it: signed in, with signal, once. */

import { toDayAndTime } from "../clock.js";
import { askNow } from "../loop.js";
import { find, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { refuseChosen } from "../passphrase.js";
import { runsWebAssembly } from "../slow.js";
import { showSearch } from "./search.js";
import { showUnlock } from "./unlock.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

let who = "";
let least = 0;
let isFirst = true;

/** @param {Tablet} _tablet @param {import("../tablet.js").Session} session @param {boolean} isNewTablet */
export function startEnrol(_tablet, session, isNewTablet) {
  who = session.user?.name ?? "";
  least = session.passphraseLength;
  isFirst = isNewTablet;
  setText('[data-part="enrol-who"]', who);
  find('[data-part="new-tablet"]').hidden = !isNewTablet;
  find('#enrol-form [data-do="to-lock"]').hidden = isNewTablet;
  show("enrol");
}

/** @param {Tablet} tablet */
export function connectEnrol(tablet) {
  onSubmit("#enrol-form", (form) => enrol(tablet, form));
  find('#enrol-form [data-do="to-lock"]').addEventListener("click", () => showUnlock(tablet));
  find('[data-do="lost-read"]').addEventListener("click", () => {
    find('[data-part="lost"]').hidden = true;
  });
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function enrol(tablet, form) {
  const typed = valuesOf(form);
  const problems = findProblems(typed);
  if (problems.length > 0) return refuse(form, problems);
  const session = await tablet.findSession();
  if (!session?.user)
    return refuse(form, [
      {
        field: "",
        words: "The register was not reached, or you are not signed in any more. Sign in again where there is signal",
      },
    ]);
  setText('[data-part="enrol-busy"]', "Setting up. This takes a few seconds.");
  const about = isFirst
    ? { label: String(typed.label), device_class: String(typed.device_class) }
    : { label: "", device_class: "managed-tablet" };
  const refusals = await tablet.enrol(about, String(typed.passphrase), session.csrf);
  setText('[data-part="enrol-busy"]', "");
  if (refusals.length > 0)
    return refuse(
      form,
      refusals.map((words) => ({ field: "", words })),
    );
  /** @type {HTMLFormElement} */ (form).reset();
  sayBefore(tablet);
  askNow();
  showSearch();
}

/** What was on this browser before it took everything away must be written again by whoever wrote it. @param {Tablet} tablet */
function sayBefore({ before, clock }) {
  const banner = find('[data-part="lost"]');
  banner.hidden = before === null;
  if (before === null) return;
  const at = toDayAndTime(Date.parse(before.last_contact_at), clock.now());
  const waiting = before.waiting
    ? `, with ${before.waiting} ${before.waiting === 1 ? "change" : "changes"} waiting`
    : "";
  const words = `Before its browser took everything away, this tablet (${before.label}) was last in contact ${at}${waiting}. Whatever was written on it and not sent is lost: enter it again.`;
  setText('[data-part="lost-words"]', words);
  find('[data-do="load-again"]').hidden = true;
  find('[data-do="lost-read"]').hidden = false;
}

/** @param {Record<string, string>} typed */
function findProblems(typed) {
  const { label = "" } = typed;
  return [
    ...(isFirst && !label.trim() ? [{ field: "label", words: "Enter the name of the tablet" }] : []),
    ...(isFirst && !typed.device_class ? [{ field: "device_class", words: "Say what kind of device it is" }] : []),
    ...refuseChosen(typed, [...who.split(" "), label], { least, isFast: !runsWebAssembly() }),
  ];
}
