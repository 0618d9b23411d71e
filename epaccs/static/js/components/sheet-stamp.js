/**
 * Whether the square code that led to this page was altered. What it says stands behind the sign # of the address, which a
 * browser sends to no server: the register does not learn it, and the page shows nothing of it. It is taken off the address
 * once it was read, so that it does not lie in the browser's history. Of a code that is not believed nothing else is said,
 * whatever the register knows of the number (hazard H-70).
 */

import { readStamp } from "../tablet/stamp.js";

/** Shorter is no stamp, but a place on the page. */
const SHORTEST = 60;
const BELIEVED = ["genuine", "unable"];

/** @param {HTMLElement} root `data-code`: the number that was asked for; `data-keys`: of this register; `data-alarm`: what heads the page then */
export async function connect(root) {
  const { title } = document;
  const heading = /** @type {HTMLElement} */ (document.querySelector("h1"));
  const words = heading.textContent ?? "";
  const alarm = root.dataset.alarm ?? "";
  const sheet = /** @type {HTMLElement} */ (document.querySelector('[data-part="sheet"]'));
  const sayings = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-said]"));
  const look = async () => {
    const text = takeStamp();
    if (text === "") return;
    const said = await judge(text, root);
    for (const one of sayings) one.hidden = one.dataset.said !== said;
    const isAlarm = !BELIEVED.includes(said);
    sheet.hidden = isAlarm;
    heading.textContent = isAlarm ? alarm : words;
    document.title = isAlarm ? title.replace(words, alarm) : title;
  };
  addEventListener("hashchange", look);
  await look();
}

/** @returns {string} blank: there is none */
function takeStamp() {
  const text = location.hash.slice(1);
  if (text.length < SHORTEST) return "";
  history.replaceState(history.state, "", location.pathname + location.search);
  return text;
}

/** @param {string} text @param {HTMLElement} root @returns {Promise<string>} */
async function judge(text, root) {
  const { standing, facts } = await readStamp(text, JSON.parse(root.dataset.keys ?? "[]"));
  return facts && facts.code !== root.dataset.code ? "other" : standing;
}
