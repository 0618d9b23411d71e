/** How this tablet stands: copies, their age, the lease, room, the program. */

import { toAge } from "../clock.js";
import { describeStorage } from "../health.js";
import { trigger } from "../loop.js";
import { find, make, show } from "../page.js";
import { PROGRAM } from "../sync.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export function connectState(tablet) {
  document.addEventListener("tablet-state", () => showState(tablet));
  find('[data-do="ask-now"]').addEventListener("click", () => trigger());
}

/** @param {Tablet} tablet */
async function showState(tablet) {
  const { storage_bytes, is_persisted } = await describeStorage();
  const here = tablet.vault.unlocked;
  const facts = [
    ["Copies", tablet.copies.places.map((place) => copyWords(tablet, place)).join("; ") || "None"],
    ["You may read until", here ? tablet.moment(here.until) : "Locked"],
    ["Tablet's own clock", clockWords(tablet.clock.offset())],
    ["Room used", storage_bytes === null ? "Not known" : `${(storage_bytes / 1e6).toFixed(1)} MB`],
    ["Kept by the browser", is_persisted ? "Until it is erased" : "The browser may take it away when room is short"],
    ["Program", PROGRAM],
  ];
  find('[data-part="state"]').replaceChildren(
    ...facts.map(([label, text]) =>
      make("div", {}, [make("dt", { text: `${label} ` }), make("dd", { text: String(text) })]),
    ),
  );
  show("state");
}

/** @param {Tablet} tablet @param {import("../feed.js").Place} place */
function copyWords(tablet, { scope, tier, current, next }) {
  const name = `${scope.split(":")[0]} (${tier === "full" ? "cards and plans" : "cards"})`;
  if (!current)
    return `${name}: ${next?.people.size ?? 0} of ${next?.expected || "an unknown number of"} people so far`;
  return `${name}: ${current.people.size} people, as at ${tablet.moment(current.asAt)}`;
}

/** @param {number} offset */
const clockWords = (offset) =>
  Math.abs(offset) < 120_000
    ? "Agrees with the register's"
    : `${toAge(Math.abs(offset))} ${offset > 0 ? "ahead" : "behind"}`;
