/** The lock screen: who are you, and your passphrase. It names the users of the tablet, and no patient. */

import { startLoop } from "../loop.js";
import { find, make, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { showSearch } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../vault.js").Member} Member */

/** @type {Member[]} */
let members = [];

/** @param {Tablet} tablet @param {string} [why] why it was locked */
export async function showUnlock(tablet, why = "") {
  members = await tablet.vault.members();
  if (members.length === 0) return show("empty");
  const choices = members.map((member, place) => makeChoice(member, place, members.length === 1));
  find('[data-part="members"]').replaceChildren(...choices);
  setText('[data-part="locked"]', why);
  find('[data-part="glass"]').hidden = true;
  show("unlock");
  showGlass(tablet);
  if (members.length === 1) find("#unlock-passphrase").focus();
}

/** @param {Tablet} tablet */
export function connectUnlock(tablet) {
  onSubmit("#unlock-form", (form) => unlock(tablet, form));
  find('[data-part="members"]').addEventListener("change", () => showGlass(tablet));
}

/** @param {Member} member @param {number} place @param {boolean} isOnly */
function makeChoice(member, place, isOnly) {
  const input = /** @type {HTMLInputElement} */ (make("input", { class: "nhsuk-radios__input", type: "radio" }));
  Object.assign(input, { name: "member", value: member.id, id: `member-${place}`, checked: isOnly });
  const label = make("label", {
    class: "nhsuk-label nhsuk-radios__label",
    text: `${member.user.name}, ${member.user.role_label}`,
  });
  label.setAttribute("for", input.id);
  return make("div", { class: "nhsuk-radios__item" }, [input, label]);
}

/** Whether the chosen user's lease has ended is asked before the passphrase, so that it is typed once. @param {Tablet} tablet */
function showGlass(tablet) {
  const chosen = valuesOf(find("#unlock-form")).member;
  const member = members.find((one) => one.id === chosen);
  const hasEnded = member !== undefined && (tablet.clock.wasSetBack() || tablet.clock.now() >= member.leaseUntil);
  find('[data-part="glass"]').hidden = !hasEnded;
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function unlock(tablet, form) {
  const { member = "", "unlock-passphrase": passphrase = "", "glass-reason": reason = "" } = valuesOf(form);
  if (!member) return refuse(form, [{ field: "member", words: "Choose who you are" }]);
  if (!passphrase) return refuse(form, [{ field: "unlock-passphrase", words: "Enter your passphrase" }]);
  const button = find('[data-part="unlock-button"]');
  button.textContent = "Unlocking";
  const isGlass = !find('[data-part="glass"]').hidden;
  const attempt = await tablet.unlock(member, passphrase, isGlass ? reason.trim() : "").finally(() => {
    button.textContent = "Unlock";
  });
  if (attempt.outcome !== "unlocked")
    return refuse(form, [{ field: "unlock-passphrase", words: wordsFor(attempt, isGlass) }]);
  /** @type {HTMLFormElement} */ (form).reset();
  startLoop();
  showSearch();
}

/** @param {import("../vault.js").Attempt} attempt @param {boolean} isGlass */
function wordsFor({ outcome, left }, isGlass) {
  if (outcome === "wrong")
    return `This is not the passphrase. After ${left} more the keys on this tablet are erased; what you have not sent stays`;
  if (outcome === "lease-ended" && isGlass)
    return "Say why you must go on now. If you have gone on once already, sign in to the register where there is signal";
  if (outcome === "lease-ended")
    return "The time for which you may read here has ended. Sign in to the register where there is signal, or say why you must go on now";
  return "Your keys on this tablet are erased. What you have not sent is kept and will be sent. Sign in to the register to set up the tablet again";
}
