/** Making room for what is to be written: plans go, cards and what is unsent never. */

import { refuse } from "../page.js";
import { showStrip } from "./strip.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export function connectRoom(tablet) {
  document.addEventListener("tablet-make-room", (event) =>
    makeRoom(tablet, /** @type {CustomEvent<HTMLElement>} */ (event).detail),
  );
}

/** @param {Tablet} tablet @param {HTMLElement} form that waits for room */
async function makeRoom(tablet, form) {
  const gone = await tablet.makeRoom().catch(() => 0);
  refuse(form, [{ field: "", words: gone > 0 ? madeWords(gone) : NONE }]);
  await showStrip(tablet);
}

/** @param {number} gone */
const madeWords = (gone) =>
  `${gone === 1 ? "One whole plan was" : `${gone} whole plans were`} taken off this tablet. Nothing was saved yet: save again.`;

const NONE =
  "Nothing was saved, and nothing here can make way: cards and unsent entries stay. Remove pictures or other files from the device, or note it down and tell control.";
