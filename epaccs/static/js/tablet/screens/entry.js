/** What a crew writes down without signal: what it saw and did, and what asks somebody else to decide. */

import { wellFormed } from "../canonical.js";
import { toDay, toMoment } from "../clock.js";
import { find, onSubmit, refuse, setText, show, valuesOf } from "../page.js";
import { showCard } from "./card.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {{ field: string, words: string }} Problem */
/** @typedef {{ problems: Problem[] } | { section: string, body: Record<string, unknown>, decidedAt: number, words: string }} Read */

let kind = "";

/** @param {string} wanted @param {string} title @param {string} whose */
export function startEntry(wanted, title, whose) {
  kind = wanted;
  const form = find("#entry-form");
  /** @type {HTMLFormElement} */ (form).reset();
  refuse(form, []);
  setText('[data-part="entry-title"]', title);
  setText('[data-part="entry-whose"]', whose);
  for (const part of form.querySelectorAll("[data-entry]")) {
    /** @type {HTMLElement} */ (part).hidden = /** @type {HTMLElement} */ (part).dataset.entry !== kind;
  }
  show("entry");
}

/** Whether somebody is in the middle of writing: nothing may take the page away from them. */
export const isWriting = () => document.body.dataset.shown === "entry";

/** @param {Tablet} tablet */
export function connectEntry(tablet) {
  onSubmit("#entry-form", (form) => save(tablet, form));
  tablet.vault.onLock(() => /** @type {HTMLFormElement} */ (find("#entry-form")).reset());
}

/** @param {Tablet} tablet @param {HTMLElement} form */
async function save(tablet, form) {
  const typed = Object.fromEntries(
    Object.entries(valuesOf(form)).map(([name, text]) => [name, wellFormed(text).trim()]),
  );
  const read = READERS[kind]?.(typed, tablet.clock.now()) ?? { problems: [] };
  if ("problems" in read) return refuse(form, read.problems);
  await tablet.write({ section: read.section, kind, body: read.body, decidedAt: read.decidedAt }, read.words);
  /** @type {HTMLFormElement} */ (form).reset();
  document.dispatchEvent(new CustomEvent("tablet-written"));
  if (tablet.open) await showCard(tablet, tablet.open);
}

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
    const body = { seen_on: isoDay(now), place: seen_place };
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

/** @param {number} at @returns {string} YYYY-MM-DD by British clocks */
const isoDay = (at) => new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" }).format(at);

/**
 * A time of today by British clocks; one that is still to come was yesterday's.
 *
 * @param {string} typed
 * @param {number} now
 * @returns {number | null}
 */
export function readTime(typed, now) {
  const [, hours, minutes] = /^([01]?[0-9]|2[0-3])[:.]?([0-5][0-9])$/.exec(typed.trim()) ?? [];
  if (!hours || !minutes) return null;
  const isAt = (/** @type {number} */ at) => londonMinutes(at) === Number(hours) * 60 + Number(minutes);
  const from = now - (now % 60_000);
  for (let back = 0; back < 24 * 60; back += 1) if (isAt(from - back * 60_000)) return from - back * 60_000;
  return null;
}

/** @param {number} at */
function londonMinutes(at) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(at);
  return Number(parts.slice(0, 2)) * 60 + Number(parts.slice(3, 5));
}
