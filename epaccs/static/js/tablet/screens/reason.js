/** Why a record is opened, and what was compared before: once for each person until the tablet is locked. */

import { attempt, find, onSubmit, refuse, setText, show, ticked } from "../page.js";
import { showCard } from "./card.js";
import { bornOf, nameOf } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../copies.js").Known} Known */

/** @type {Known | null} */
let whose = null;

/** @param {Tablet} tablet @param {Known} known */
export async function startReason(tablet, known) {
  const said = tablet.reasonFor(known.id);
  if (said) return showCard(tablet, await tablet.openCard(known, said));
  whose = known;
  /** @type {HTMLFormElement} */ (find("#reason-form")).reset();
  refuse(find("#reason-form"), []);
  setText('[data-part="whose"]', `${nameOf(known)}, born ${bornOf(known)}`);
  show("reason");
}

/** @param {Tablet} tablet */
export function connectReason(tablet) {
  onSubmit("#reason-form", (form) => open(tablet, form));
  const form = find("#reason-form");
  find('[data-do="emergency"]').addEventListener("click", () =>
    attempt(form, () => openCard(tablet, { reason: "emergency", identifiers: [] })),
  );
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function open(tablet, form) {
  const [reason = ""] = ticked(form, "reason");
  const identifiers = ticked(form, "identifiers");
  const cannotCheck = ticked(form, "cannot_check").length > 0;
  const problems = [];
  if (!reason) problems.push({ field: "reason", words: "Say why you are opening this record" });
  if (identifiers.length < 2 && !cannotCheck)
    problems.push({ field: "identifiers", words: "Tick two things you compared, or tick that you cannot check" });
  if (problems.length > 0) return refuse(form, problems);
  await openCard(tablet, { reason, identifiers: identifiers.length < 2 ? [] : identifiers });
}

/** @param {Tablet} tablet @param {import("../tablet.js").Why} why */
async function openCard(tablet, why) {
  if (!whose) return;
  await showCard(tablet, await tablet.openCard(whose, why));
  whose = null;
}
