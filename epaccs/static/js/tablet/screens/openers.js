/** How whoever reads unlocks: another passphrase, and the device's own lock beside it. */

import { askNow } from "../loop.js";
import { find, onSubmit, refuse, setText, show, shown, valuesOf } from "../page.js";
import { refuseChosen } from "../passphrase.js";
import { isArgon2, runsWebAssembly } from "../slow.js";
import { wordsForRefused } from "./unlock.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../members.js").Member} Member */

/** @param {Tablet} tablet */
export function connectOpeners(tablet) {
  document.addEventListener("tablet-openers", () => showOpeners(tablet, ""));
  onSubmit("#change-form", (form) => change(tablet, form));
  onSubmit("#device-form", (form) => addDevice(tablet, form));
  find('[data-do="remove-device"]').addEventListener("click", () => removeDevice(tablet));
}

/** @param {Member} member @returns {string} what opens their keyring, in words */
export function wordsForOpeners({ way, device }) {
  const passphrase = isArgon2(way)
    ? "your passphrase"
    : "your passphrase, kept in a weaker way, because this browser runs no WebAssembly";
  return device ? `${passphrase}, or this device's own lock` : passphrase;
}

/** @param {Tablet} tablet @param {string} done what was just done */
async function showOpeners(tablet, done) {
  const [reader, hasDevice] = await Promise.all([tablet.vault.reader(), tablet.vault.hasDevice()]);
  if (!reader) return;
  const [mayAdd, isAdded] = [Boolean(reader.mayUseDevice && hasDevice && !reader.device), Boolean(reader.device)];
  setText('[data-part="openers"]', wordsForOpeners(reader));
  setText('[data-part="openers-done"]', done);
  find("#device-form").hidden = !mayAdd;
  find('[data-part="device-added"]').hidden = !isAdded;
  find('[data-part="device-not"]').hidden = mayAdd || isAdded;
  find('[data-part="by-device"]').hidden = !isAdded;
  for (const form of document.querySelectorAll("#change-form, #device-form")) {
    /** @type {HTMLFormElement} */ (form).reset();
    refuse(/** @type {HTMLElement} */ (form), []);
  }
  show("openers");
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function change(tablet, form) {
  const { before = "", ...typed } = valuesOf(form);
  const reader = await tablet.vault.reader();
  if (!reader) return;
  if (!before && !reader.device)
    return refuse(form, [{ field: "before", words: "Enter the passphrase that you have now" }]);
  const how = { least: reader.passphraseLength ?? 0, isFast: !runsWebAssembly() };
  const problems = refuseChosen(typed, reader.user.name.split(" "), how);
  if (problems.length > 0) return refuse(form, problems);
  setText('[data-part="change-busy"]', "Changing. This takes a few seconds.");
  const attempt = await tablet.vault
    .changePassphrase(before || null, String(typed.passphrase))
    .finally(() => setText('[data-part="change-busy"]', ""));
  await say(tablet, form, "before", attempt, "Your passphrase was changed. The one before opens nothing any more.");
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function addDevice(tablet, form) {
  const { "device-passphrase": passphrase = "" } = valuesOf(form);
  if (!passphrase) return refuse(form, [{ field: "device-passphrase", words: "Enter your passphrase" }]);
  const attempt = await tablet.vault.addDevice(passphrase);
  await say(
    tablet,
    form,
    "device-passphrase",
    attempt,
    "From now on this device unlocks for you, and so does your passphrase.",
  );
}

/** @param {Tablet} tablet */
async function removeDevice(tablet) {
  await tablet.vault.removeDevice();
  await showDone(tablet, "From now on only your passphrase unlocks.");
}

/** The register hears of it as well, where there is signal. @param {Tablet} tablet @param {string} done */
async function showDone(tablet, done) {
  await showOpeners(tablet, done);
  askNow();
}

/**
 * @param {Tablet} tablet
 * @param {HTMLElement} form
 * @param {string} field
 * @param {import("../members.js").Attempt} attempt
 * @param {string} done
 */
async function say(tablet, form, field, attempt, done) {
  if (attempt.outcome === "unlocked") await showDone(tablet, done);
  else if (shown() === "openers") refuse(form, [{ field, words: wordsHere(attempt) }]);
}

/** The device is asked here for the first time: nothing was added. @param {import("../members.js").Attempt} attempt */
function wordsHere(attempt) {
  if (attempt.outcome === "not-confirmed") return "The device did not say that it is you. Nothing was changed";
  if (attempt.outcome === "no-key") return "This device has no key to give. Your passphrase goes on opening the tablet";
  return wordsForRefused(attempt);
}
