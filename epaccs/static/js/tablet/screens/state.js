/** How this tablet stands: copies, their age, the lease, room, the program. */

import { toAge } from "../clock.js";
import { PROGRAM } from "../contact.js";
import { describeStorage } from "../health.js";
import { askNow } from "../loop.js";
import { find, show } from "../page.js";
import { opensWithoutSignal } from "../program.js";
import { wordsForOpeners } from "./openers.js";
import { fact } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export function connectState(tablet) {
  document.addEventListener("tablet-state", () => showState(tablet));
  find('[data-do="ask-now"]').addEventListener("click", () => {
    tablet.sync.wantPlans();
    askNow();
  });
}

/** @param {Tablet} tablet */
async function showState(tablet) {
  const { storage_bytes, is_persisted } = await describeStorage();
  const here = tablet.vault.unlocked;
  const reader = await tablet.vault.reader();
  find('[data-go="openers"]').hidden = !reader;
  const facts = [
    ["Copies", tablet.copies.places.map((place) => copyWords(tablet, place)).join("; ") || "None"],
    ["You may read until", here ? tablet.moment(here.until) : "Locked"],
    ...(reader ? [["You unlock with", wordsForOpeners(reader)]] : []),
    ["Tablet's own clock", clockWords(tablet.clock)],
    ["Room used", storage_bytes === null ? "Not known" : `${(storage_bytes / 1e6).toFixed(1)} MB`],
    ["Kept by the browser", is_persisted ? "Until it is erased" : "The browser may take it away when room is short"],
    ["Program", `${PROGRAM}, ${opensWithoutSignal() ? "opens without signal" : "does not open without signal yet"}`],
  ];
  find('[data-part="state"]').replaceChildren(...facts.map(([label, text]) => fact(String(label), String(text))));
  show("state");
}

/** @param {Tablet} tablet @param {import("../feed.js").Place} place */
function copyWords(tablet, { scope, tier, current, next }) {
  const name = `${scope.split(":")[0]} (${tier === "full" ? "cards and plans" : "cards"})`;
  if (!current)
    return `${name}: ${next?.people.size ?? 0} of ${next?.expected || "an unknown number of"} people so far`;
  return `${name}: ${current.people.size} people, as at ${tablet.moment(current.asAt)}`;
}

/** @param {import("../clock.js").Clock} clock */
const clockWords = (clock) =>
  clock.differs()
    ? `${toAge(Math.abs(clock.offset()))} ${clock.offset() > 0 ? "ahead" : "behind"}`
    : "Agrees with the register's";
