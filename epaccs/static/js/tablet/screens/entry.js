/** What a crew writes down without signal: what it saw and did, and what asks somebody else to decide. */

import { bodyOf, sees } from "../answers.js";
import { newId } from "../bytes.js";
import { wellFormed } from "../canonical.js";
import { readTime, toDay, toISODay, toMoment } from "../clock.js";
import { DECISIONS } from "../deeds.js";
import { readForm, toTyped } from "../forms.js";
import { answersOf, find, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { showCard } from "./card.js";
import { fillBoxes, findPrinted, takeAway } from "./printed.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {{ field: string, words: string }} Problem */
/** @typedef {{ problems: Problem[] } | { section: string, body: Record<string, unknown>, decidedAt: number, words: string }} Read */

/** Said on the form, after it is saved, where it waits, and beside the decision: never in it. */
export const NOT_IN_FORCE = "Not in force elsewhere until it is sent. Complete the paper form now.";

/**
 * @typedef {object} Asked what somebody wants to write down
 * @property {string} kind
 * @property {string} title
 * @property {string} whose
 * @property {string} [section] the section of the register; else the form says it
 * @property {string} [lead]
 * @property {string} [line] the line of a list that is meant
 * @property {Record<string, unknown>} [said] what the form holds when it is opened; only what is changed is sent then
 * @property {{ audience?: string }} [lease] for whom it is printed
 * @property {{ id: string, body: Record<string, any> }} [again] what was refused, and is entered again
 * @property {() => unknown} [back] where it leads to; else to the card
 */

/** @type {Asked | null} null: nothing is being written */
let asked = null;
/** @type {import("./printed.js").Printed | null} the form of it, if the register printed one */
let printed = null;
/** @type {import("../forms.js").Typed | null} what stood in it when it was opened; null: nothing that is kept */
let kept = null;

/** @param {Asked} wanted */
export async function startEntry(wanted) {
  const form = find("#entry-form");
  try {
    printed = await findPrinted(wanted.section ?? "cpr", wanted.kind);
  } catch {
    return cannotOpen();
  }
  asked = wanted;
  say("");
  /** @type {HTMLFormElement} */ (form).reset();
  refuse(form, []);
  setText('[data-part="entry-title"]', wanted.title);
  setText('[data-part="entry-whose"]', wanted.whose);
  setText('[data-part="entry-lead"]', wanted.lead ?? "");
  setText('[data-part="entry-warning"]', DECISIONS.has(wanted.kind) ? NOT_IN_FORCE : "");
  printForm(wanted);
  for (const part of form.querySelectorAll("[data-entry]")) {
    /** @type {HTMLElement} */ (part).hidden = /** @type {HTMLElement} */ (part).dataset.entry !== wanted.kind;
  }
  kept = wanted.said ? answersOf(form) : null;
  fillAgain(form, wanted);
  show("entry");
}

/** What was said when it was refused. @param {HTMLElement} form @param {Asked} wanted */
function fillAgain(form, { again }) {
  if (!again || !printed) return;
  for (const field of printed.declared.fields)
    fillBoxes(form, toTyped(field, partAt(again.body, field.path ?? field.name)));
}

/** @param {any} body @param {string} path */
const partAt = (body, path) => path.split(".").reduce((part, step) => part?.[step], body);

const cannotOpen = () =>
  setText(
    `[data-part="${document.body.dataset.shown === "card" ? "card" : "plan"}-problem"]`,
    "The form could not be opened. Load this page again, then try once more.",
  );

/** The questions as the register printed them, with what is kept; a form that is made here has none. @param {Asked} wanted */
function printForm({ said, lease }) {
  const room = find('[data-part="entry-printed"]');
  room.replaceChildren(...(printed ? [printed.content] : []));
  for (const box of room.querySelectorAll("input, textarea")) box.setAttribute("autocomplete", "off");
  if (!printed) return;
  const hidden = printed.declared.fields.filter(({ tier }) => !sees(lease ?? {}, tier));
  for (const field of hidden) takeAway(room, field);
  printed.declared.fields = printed.declared.fields.filter((field) => !hidden.includes(field));
  for (const field of printed.declared.fields) fillBoxes(room, toTyped(field, said?.[field.name]));
}

/** Whether somebody is in the middle of writing: nothing may take the page away from them. */
export const isWriting = () => asked !== null;

/** Back to what is being written, with what must be done first. @param {string} words */
export function returnToWriting(words) {
  show("entry");
  refuse(find("#entry-form"), [{ field: "", words }]);
}

/** @param {Tablet} tablet */
export function connectEntry(tablet) {
  onSubmit("#entry-form", (form) => save(tablet, form));
  find('[data-do="leave-entry"]').addEventListener("click", () => goBack(tablet));
  tablet.vault.onLock(putAway);
}

/** To where the form was opened from, without what was typed. @param {Tablet} tablet */
async function goBack(tablet) {
  const back = asked?.back;
  putAway();
  if (back) await back();
  else if (tablet.open) await showCard(tablet, tablet.open);
}

function putAway() {
  [asked, printed, kept] = [null, null, null];
  /** @type {HTMLFormElement} */ (find("#entry-form")).reset();
  find('[data-part="entry-printed"]').replaceChildren();
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function save(tablet, form) {
  if (!asked) return;
  const { kind } = asked;
  const now = tablet.clock.now();
  const read = printed || asked.section ? readPrinted(asked, form, now) : readTyped(kind, form, now);
  if ("problems" in read) return refuse(form, read.problems);
  const entered = { section: read.section, kind, body: read.body, decidedAt: read.decidedAt };
  const photo = kind === "original_seen" ? photoOf(form) : null;
  if (photo) say(await tablet.writeWithPhoto(entered, read.words, photo));
  else await tablet.write(entered, read.words);
  if (asked?.again) await tablet.markEnteredAgain(asked.again.id);
  document.dispatchEvent(new CustomEvent("tablet-written"));
  await goBack(tablet);
}

/** @param {HTMLElement} form @returns {File | null} */
const photoOf = (form) => /** @type {HTMLInputElement} */ (find("#seen_photo", form)).files?.[0] ?? null;

/** What became of the photo, if it was not kept. @param {string} words */
const say = (words) => setText('[data-part="photo-problem"]', words);

/** @param {string} kind @param {HTMLElement} form @param {number} now @returns {Read} */
function readTyped(kind, form, now) {
  const typed = Object.fromEntries(
    Object.entries(valuesOf(form)).map(([name, text]) => [name, wellFormed(text).trim()]),
  );
  return READERS[kind]?.(typed, now) ?? { problems: [] };
}

/** @param {Asked} asked @param {HTMLElement} form @param {number} now @returns {Read} */
function readPrinted({ section = "cpr", kind, title, line }, form, now) {
  const typed = Object.fromEntries(
    Object.entries(answersOf(form)).map(([name, texts]) => [name, texts.map(wellFormed)]),
  );
  const { body, problems, words } = readForm(printed?.declared ?? { fields: [] }, typed, now, kept);
  if (problems.length > 0) return { problems };
  if (kept && Object.keys(body).length === 0) return { problems: [{ field: "", words: NOTHING_CHANGED }] };
  const decidedAt = body.decided_at ? Date.parse(body.decided_at) : now;
  return { section, body: bodyOf(kind, body, line ?? newId(now)), decidedAt, words: [title, ...words].join("\n") };
}

const NOTHING_CHANGED = "Nothing was changed. Change an answer, or go back";

const CAPACITY = /** @type {Record<string, string>} */ ({
  yes: "with capacity",
  no: "without capacity",
  not_known: "capacity not known",
});
const OUTCOMES = /** @type {Record<string, string>} */ ({
  treated_at_home: "Treated and stayed at home",
  to_hospital: "Taken to hospital",
  to_hospice: "Taken to a hospice",
  other: "Something else happened",
});

/** @type {Record<string, (typed: Record<string, string>, now: number) => Read>} */
const READERS = {
  own_withdrawal({ said_at = "", had_capacity = "", withdrawal_words = "" }, now) {
    const saidAt = readTime(said_at, now);
    const problems = [];
    if (saidAt === null)
      problems.push({ field: "said_at", words: "Enter the time of today at which the person said so, such as 14:05" });
    if (!had_capacity) problems.push({ field: "had_capacity", words: "Say whether they had capacity" });
    if (problems.length > 0 || saidAt === null) return { problems };
    const body = { said_at: toMoment(saidAt), had_capacity, ...(withdrawal_words ? { words: withdrawal_words } : {}) };
    const words = `The person said at ${said_at} that they no longer refuse CPR, ${CAPACITY[had_capacity]}. ${withdrawal_words}`;
    return { section: "cpr", body, decidedAt: saidAt, words };
  },
  original_seen({ seen_place = "" }, now) {
    if (!seen_place) return { problems: [{ field: "seen_place", words: "Say where you saw the signed form" }] };
    const body = { seen_on: toISODay(now), place: seen_place };
    return { section: "cpr", body, decidedAt: now, words: `The signed form was seen ${toDay(now)}: ${seen_place}` };
  },
  review_asked({ review_words = "" }, now) {
    if (!review_words) return { problems: [{ field: "review_words", words: "Say why a review is needed" }] };
    return {
      section: "cpr",
      body: { words: review_words },
      decidedAt: now,
      words: `A review is asked for: ${review_words}`,
    };
  },
  happened({ outcome = "", happened_words = "" }, now) {
    if (!outcome) return { problems: [{ field: "outcome", words: "Say what happened" }] };
    const body = { item: { outcome, ...(happened_words ? { words: happened_words } : {}) } };
    return { section: "observations", body, decidedAt: now, words: `${OUTCOMES[outcome]}. ${happened_words}` };
  },
};
