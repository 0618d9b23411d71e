/** The lock screen: who are you, and your passphrase or the device's own lock. It names the users of the tablet, and no patient. */

import { askNow } from "../loop.js";
import { find, make, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { showSearch } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../members.js").Member} Member */

/** @type {Member[]} */
let members = [];
let hasDevice = false;

/** @param {Tablet} tablet @param {string} [why] why it was locked */
export async function showUnlock(tablet, why = "") {
  [members, hasDevice] = await Promise.all([tablet.vault.members(), tablet.vault.hasDevice()]);
  if (members.length === 0) return show("empty");
  const choices = members.map((member, place) => makeChoice(member, place, members.length === 1));
  find('[data-part="members"]').replaceChildren(...choices);
  setText('[data-part="locked"]', why);
  find('[data-part="glass"]').hidden = true;
  show("unlock");
  showChosen(tablet);
  if (members.length === 1) find("#unlock-passphrase").focus();
}

/** @param {Tablet} tablet */
export function connectUnlock(tablet) {
  onSubmit("#unlock-form", (form, button) => unlock(tablet, form, button?.value === "device"));
  find('[data-part="members"]').addEventListener("change", () => showChosen(tablet));
  find("#unlock-passphrase").addEventListener("input", () => tablet.vault.cancelDevice());
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
function showChosen(tablet) {
  const chosen = valuesOf(find("#unlock-form")).member;
  const member = members.find((one) => one.id === chosen);
  const hasEnded = member !== undefined && (tablet.clock.wasSetBack() || tablet.clock.now() >= member.leaseUntil);
  find('[data-part="glass"]').hidden = !hasEnded;
  find('[data-part="unlock-device"]').hidden = !(hasDevice && member?.mayUseDevice && member.device);
}

/** @param {Tablet} tablet @param {HTMLElement} form @param {boolean} isByDevice */
async function unlock(tablet, form, isByDevice) {
  const { member = "", "unlock-passphrase": passphrase = "", "glass-reason": reason = "" } = valuesOf(form);
  if (!member) return refuse(form, [{ field: "member", words: "Choose who you are" }]);
  if (!passphrase && !isByDevice) return refuse(form, [{ field: "unlock-passphrase", words: "Enter your passphrase" }]);
  const button = find('[data-part="unlock-button"]');
  button.textContent = "Unlocking";
  setText(
    '[data-part="unlock-busy"]',
    isByDevice ? "The device asks who you are. To go on without it, type your passphrase." : "",
  );
  const isGlass = !find('[data-part="glass"]').hidden;
  const attempt = await tablet
    .unlock(member, isByDevice ? null : passphrase, isGlass ? reason.trim() : "")
    .finally(() => {
      button.textContent = "Unlock";
      setText('[data-part="unlock-busy"]', "");
    });
  if (attempt.outcome !== "unlocked")
    return refuse(form, [{ field: "unlock-passphrase", words: wordsFor(attempt, isGlass) }]);
  /** @type {HTMLFormElement} */ (form).reset();
  askNow();
  showSearch();
}

/** @param {import("../members.js").Attempt} attempt @param {boolean} isGlass */
function wordsFor(attempt, isGlass) {
  if (attempt.outcome === "lease-ended" && isGlass)
    return "Say why you must go on now. If you have gone on once already, sign in to the register where there is signal";
  if (attempt.outcome === "lease-ended")
    return "The time for which you may read here has ended. Sign in to the register where there is signal, or say why you must go on now";
  return wordsForRefused(attempt);
}

/** Why neither a passphrase nor the device opened anything, and what to do. @param {import("../members.js").Attempt} attempt */
export function wordsForRefused({ outcome, left }) {
  if (outcome === "wrong")
    return `This is not the passphrase. After ${left} more the keys on this tablet are erased; what you have not sent stays`;
  if (outcome === "not-confirmed") return "The device did not say that it is you. Enter your passphrase";
  if (outcome === "no-key") return "The device has no key to give. Enter your passphrase";
  if (outcome === "cannot")
    return "This browser is set to run no WebAssembly, and your keys were made with it. Ask whoever looks after the tablet to allow it for the register; nothing is lost";
  return "Your keys on this tablet are erased. What you have not sent is kept and will be sent. Sign in to the register to set up the tablet again";
}
