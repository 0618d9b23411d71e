/** The emergency card as this tablet holds it: its age first, what was entered here and is not yet sent apart from it. */

import { toAge } from "../clock.js";
import { fillCard, fillPlan } from "../fill.js";
import { find, make, makeButton, setText, show } from "../page.js";
import { startEntry } from "./entry.js";
import { nameOf, showSearch } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../tablet.js").OpenCard} OpenCard */

/** @param {Tablet} tablet */
export function connectCard(tablet) {
  for (const button of document.querySelectorAll('[data-do="back-to-card"]')) {
    button.addEventListener("click", () => (tablet.open ? showCard(tablet, tablet.open) : showSearch()));
  }
  tablet.vault.onLock(clearCard);
}

/** The age of an open card is kept true; a fresh one says it on the card itself. @param {Tablet} tablet */
export function showAge(tablet) {
  if (!tablet.open) return;
  const staleness = tablet.staleness(tablet.open.known.asAt);
  setText('[data-part="card-age"]', staleness === "green" ? "" : ageWords(tablet, tablet.open, staleness));
  find('[data-part="card-age"]').dataset.staleness = staleness;
}

/** @param {Tablet} tablet @param {OpenCard} open */
export async function showCard(tablet, open) {
  clearCard();
  fillCard(find('[data-part="card"]'), open.card, readingOf(tablet, open));
  showAge(tablet);
  find('[data-part="card-notes"]').append(...(await notesOf(tablet, open)));
  find('[data-part="card-overlay"]').append(...(await overlayOf(tablet, open)));
  find('[data-part="card-actions"]').append(...actionsOf(tablet, open));
  show("card");
}

/** @param {Tablet} tablet @param {OpenCard} open @returns {import("../fill.js").Reading} */
const readingOf = (tablet, { known, why }) => ({
  now: tablet.clock.now(),
  leftAt: known.asAt || known.copy.beganAt,
  ageLimitMilliseconds: (tablet.policy.stale_seconds?.red ?? 86_400) * 1000,
  notices: why.identifiers.length < 2 ? ["Identity not checked by whoever opened this card"] : [],
});

function clearCard() {
  for (const part of ["card", "card-notes", "card-overlay", "card-actions", "plan"])
    find(`[data-part="${part}"]`).replaceChildren();
}

/** @param {Tablet} tablet @param {OpenCard} open @param {string} staleness */
function ageWords(tablet, { known }, staleness) {
  if (staleness === "never")
    return "This copy is not complete: its download has not finished. Check the form at the person's side.";
  const words = `This copy is ${toAge(tablet.clock.now() - known.asAt)} old.`;
  const old = staleness === "red" ? "It is too old to rely on: ring" : "It may have changed since: ring";
  return `${words} ${old}, and check the form at the person's side.`;
}

/** @param {Tablet} tablet @param {OpenCard} open */
async function notesOf(tablet, { known }) {
  const reader = tablet.vault.unlocked?.user.id ?? "";
  const others = await tablet.outbox.ofOthers(reader);
  const own = (await tablet.outbox.about(known.id)).length;
  const notes = [];
  if (own > 0)
    notes.push(
      `${own} ${own === 1 ? "entry" : "entries"} made on this tablet ${own === 1 ? "is" : "are"} not in this card: read below it.`,
    );
  if (others > 0)
    notes.push(
      `Another user of this tablet has ${others} unsent ${others === 1 ? "change" : "changes"}. They may be about this person, and are not shown here.`,
    );
  return notes.map((text) => make("p", { class: "tablet-note", text }));
}

/** What its author entered here: never mixed into the decision. @param {Tablet} tablet @param {OpenCard} open */
async function overlayOf(tablet, { known }) {
  const own = await tablet.outbox.about(known.id);
  return own.map(({ row, words, sentences }) => {
    const lines = [make("p", {}, [make("strong", { text: standingOf(tablet, row) })]), make("p", { text: words })];
    return make("div", { class: "tablet-unsent" }, [...lines, ...sentences.map((text) => make("p", { text }))]);
  });
}

/** @param {Tablet} tablet @param {import("../outbox.js").Row} row @returns {string} */
export function standingOf(tablet, row) {
  const entered = `Entered on this tablet ${tablet.moment(row.at)}`;
  if (row.state === "queued") return `${entered}, not yet sent`;
  const sent = `${entered}, sent ${tablet.moment(row.settledAt)}`;
  if (row.state === "sent") return `${sent}. The card here does not know of it yet`;
  return row.state === "held"
    ? `${sent}. A clinician must look at it before it counts`
    : `${sent}. The register did not take it`;
}

/** @param {Tablet} tablet @param {OpenCard} open */
function actionsOf(tablet, open) {
  const may = new Set(tablet.policy.offline_sections ?? []);
  const deeds = /** @type {[string, string, string][]} */ ([
    ["cpr.own_withdrawal", "own_withdrawal", "The person no longer refuses CPR"],
    ["cpr.original_seen", "original_seen", "I saw the signed form"],
    ["cpr.review_asked", "review_asked", "Ask for a review of the CPR decision"],
    ["feedback", "happened", "What I found and did"],
  ]);
  const buttons = deeds
    .filter(([name]) => may.has(name))
    .map(([, kind, words]) => makeButton(words, () => startEntry(kind, words, nameOf(open.known))));
  if (open.plan) buttons.unshift(makeButton("The whole plan", () => showPlan(tablet, open)));
  return [...buttons, makeButton("Find another person", showSearch)];
}

/** @param {Tablet} tablet @param {OpenCard} open */
function showPlan(tablet, open) {
  fillPlan(find('[data-part="plan"]'), open.plan, readingOf(tablet, open));
  show("plan");
}
