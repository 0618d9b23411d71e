/**
 * Whether the square code that led to this page was altered. What it says stands behind the sign # of the address, which a
 * browser sends to nobody: the register does not learn it, and the page shows nothing of it (hazard H-70).
 */

import { readStamp } from "../tablet/stamp.js";

/** @param {HTMLElement} root `data-code`: the number that was asked for; `data-keys`: of this register */
export async function connect(root) {
  const text = location.hash.slice(1);
  if (text === "") return;
  const { standing, facts } = await readStamp(text, JSON.parse(root.dataset.keys ?? "[]"));
  const said = facts && facts.code !== root.dataset.code ? "other" : standing;
  const words = /** @type {HTMLElement} */ (root.querySelector(`[data-said="${said}"]`));
  words.hidden = false;
}
