/** The emergency card as this tablet holds it: its age first, what was entered here and is not yet sent apart from it. */

import { toAge } from "../clock.js";
import { findDeeds, isNotInForce, speaksAgainstCard } from "../deeds.js";
import { fillCard } from "../fill.js";
import { find, make, makeButton, setText, show } from "../page.js";
import { againOf } from "./again.js";
import { NOT_IN_FORCE, startEntry } from "./entry.js";
import { showPlan } from "./plan.js";
import { bornOf, nameOf, showSearch } from "./search.js";
import { startSheet } from "./sheet.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../tablet.js").OpenCard} OpenCard */

/** @param {Tablet} tablet */
export function connectCard(tablet) {
  for (const button of document.querySelectorAll('[data-do="back-to-card"]')) {
    button.addEventListener("click", () => (tablet.open ? showCard(tablet, tablet.open) : showSearch()));
  }
  document.addEventListener("tablet-news", () => showOwn(tablet));
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
  await showOwn(tablet);
  find('[data-part="card-actions"]').append(...actionsOf(tablet, open));
  show("card");
}

/** What was entered on this tablet about whoever is open, in another window too. @param {Tablet} tablet */
async function showOwn(tablet) {
  const { open } = tablet;
  if (!open) return;
  const [notes, overlay] = [await notesOf(tablet, open), await overlayOf(tablet, open)];
  if (tablet.open !== open) return;
  find('[data-part="card-notes"]').replaceChildren(...notes);
  find('[data-part="card-overlay"]').replaceChildren(...overlay);
}

/** @param {Tablet} tablet @param {OpenCard} open @returns {import("../fill.js").Reading} */
export const readingOf = (tablet, { known, why }) => ({
  now: tablet.clock.now(),
  leftAt: known.asAt || known.copy.beganAt,
  ageLimitMilliseconds: (tablet.policy.stale_seconds?.red ?? 86_400) * 1000,
  notices: why.identifiers.length < 2 ? ["Identity not checked by whoever opened this card"] : [],
});

function clearCard() {
  for (const part of ["card", "card-notes", "card-overlay", "card-actions", "plan", "section-kept", "section-parts"])
    find(`[data-part="${part}"]`).replaceChildren();
  setText('[data-part="card-problem"]', "");
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
async function notesOf(tablet, { known, isPlanAway }) {
  const reader = tablet.vault.unlocked?.user.id ?? "";
  const others = await tablet.outbox.ofOthers(reader);
  const about = await tablet.outbox.about(known.id);
  const own = about.length;
  const notes = about
    .filter(({ row, edit }) => speaksAgainstCard(row, edit.kind, known.asAt))
    .map((one) => wordsAbove(tablet, one, known.asAt));
  if (own > 0)
    notes.push(
      `${own} ${own === 1 ? "entry" : "entries"} made on this tablet ${own === 1 ? "is" : "are"} not in this card: read below it.`,
    );
  if (others > 0)
    notes.push(
      `Another user of this tablet has ${others} unsent ${others === 1 ? "change" : "changes"}. They may be about this person, and are not shown here.`,
    );
  notes.push(...notesOfTablet(tablet, isPlanAway));
  return notes.map((text) => make("p", { class: "tablet-note", text }));
}

/** What the tablet itself makes doubtful. @param {Tablet} tablet @param {boolean} isPlanAway */
function notesOfTablet({ clock }, isPlanAway) {
  const [away, differs] = [
    "The whole plan is not on this tablet: there was no room for it. It comes again when there is.",
    `This tablet's clock differs by ${toAge(Math.abs(clock.offset()))} from the register's. Times here are the register's.`,
  ];
  return [...(isPlanAway ? [away] : []), ...(clock.differs() ? [differs] : [])];
}

/** What its author entered here: never mixed into the decision. @param {Tablet} tablet @param {OpenCard} open */
async function overlayOf(tablet, { known }) {
  const own = await tablet.outbox.about(known.id);
  return own.map((one) =>
    make("div", { class: "tablet-unsent" }, [...partsOf(tablet, one, known.asAt), ...againOf(tablet, one)]),
  );
}

/**
 * What became of one entry, what it says, and what the register answered.
 *
 * @param {Tablet} tablet
 * @param {import("../outbox.js").Own} own
 * @param {number} asAt as of when the copy of the person is; 0: there is none
 */
export function partsOf(tablet, { row, edit, words, sentences }, asAt) {
  const warning = isNotInForce(row.state, edit.kind) ? [make("p", { class: "tablet-note", text: NOT_IN_FORCE })] : [];
  return [
    make("p", {}, [make("strong", { text: standingOf(tablet, row, asAt) })]),
    ...warning,
    make("p", { class: "tablet-words", text: words }),
    ...sentences.map((text) => make("p", { class: "tablet-note", text })),
  ];
}

/**
 * What was written here that the card beneath does not say.
 *
 * @param {Tablet} tablet
 * @param {import("../outbox.js").Own} own
 * @param {number} asAt
 */
function wordsAbove(tablet, { row, edit, words }, asAt) {
  if (isNotInForce(row.state, edit.kind))
    return `You decided on this tablet at ${tablet.moment(row.at)}; it stands below, and not in the decision here. ${NOT_IN_FORCE}`;
  return `${standingOf(tablet, row, asAt)}: ${words}`;
}

/** @param {Tablet} tablet @param {import("../outbox.js").Row} row @param {number} asAt @returns {string} */
function standingOf(tablet, row, asAt) {
  const entered = `Entered on this tablet ${tablet.moment(row.at)}`;
  if (row.state === "queued") return `${entered}, not yet sent`;
  const sent = `${entered}, sent ${tablet.moment(row.settledAt)}`;
  if (row.state === "sent" && row.settledAt < asAt) return `${sent}. The card here is newer than that: go by the card`;
  if (row.state === "sent") return `${sent}. The card here does not know of it yet`;
  if (row.state !== "held") return `${sent}. The register did not take it`;
  return row.settledAt < asAt
    ? `${sent}. A clinician had to look at it. The card here is newer than that: go by the card`
    : `${sent}. A clinician must look at it before it counts`;
}

/** Whom a form is about. @param {OpenCard} open */
export const whoseOf = ({ known }) => `${nameOf(known)}, born ${bornOf(known)}`;

/** @param {Tablet} tablet @param {OpenCard} open */
function actionsOf(tablet, open) {
  const deeds = findDeeds(tablet.policy, tablet.vault.unlocked?.claims ?? {});
  const who = whoseOf(open);
  const buttons = deeds.map(({ kind, words, isGrave }) =>
    makeButton(words, () => startEntry({ kind, title: words, whose: who }), isGrave ? "warning" : "secondary"),
  );
  if (open.plan) buttons.unshift(makeButton("The whole plan", () => showPlan(tablet, open)));
  const paper = makeButton("Scan a sheet or a marker", () => startSheet(open.known));
  return [...buttons, paper, makeButton("Find another person", showSearch)];
}
