/** Setting up a tablet, or one more user of it: signed in, with signal, once. */

import { startLoop } from "../loop.js";
import { find, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { refusePassphrase } from "../passphrase.js";
import { showSearch } from "./search.js";
import { showUnlock } from "./unlock.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

let who = "";
let isFirst = true;

/** @param {Tablet} _tablet @param {{ name: string }} user @param {boolean} isNewTablet */
export function startEnrol(_tablet, user, isNewTablet) {
  who = user.name;
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
  startLoop();
  showSearch();
}

/** @param {Record<string, string>} typed */
function findProblems(typed) {
  const { label = "", passphrase = "", again = "" } = typed;
  const weak = refusePassphrase(passphrase, [...who.split(" "), label]);
  return [
    ...(isFirst && !label.trim() ? [{ field: "label", words: "Enter the name of the tablet" }] : []),
    ...(isFirst && !typed.device_class ? [{ field: "device_class", words: "Say what kind of device it is" }] : []),
    ...(weak ? [{ field: "passphrase", words: weak }] : []),
    ...(!weak && passphrase !== again ? [{ field: "again", words: "Enter the same passphrase twice" }] : []),
  ];
}
