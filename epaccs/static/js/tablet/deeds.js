/** What may be written about the person whose card is open: as policy and lease say. Knows no markup. */

/** @typedef {{ kind: string, words: string, isGrave?: boolean }} Deed */
/** @typedef {{ offline_sections?: string[] }} Policy */

/** No policy takes this away: a doubt can always be raised (hazard H-60). */
const ALWAYS = "";
const SIGNING = "cpr.sign";

/** @type {[string, Deed][]} by the name that policy has for it */
const DEEDS = [
  ["cpr.own_withdrawal", { kind: "own_withdrawal", words: "The person no longer refuses CPR" }],
  ["cpr.original_seen", { kind: "original_seen", words: "I saw the signed form" }],
  ["cpr.review_asked", { kind: "review_asked", words: "Ask for a review of the CPR decision" }],
  [ALWAYS, { kind: "wrong_person_flag", words: "This is the wrong person", isGrave: true }],
  ["feedback", { kind: "happened", words: "What I found and did" }],
  [SIGNING, { kind: "sign", words: "Sign a CPR decision" }],
  [SIGNING, { kind: "reviewed_and_continues", words: "The CPR decision was reviewed: it continues" }],
  [SIGNING, { kind: "revoke", words: "Cancel the CPR decision" }],
];

/** Deeds that decide for others. */
export const DECISIONS = new Set(["sign", "revoke"]);

/**
 * Whether something written here decides and counts nowhere else yet: it is then said beside it, wherever it stands.
 *
 * @param {string} state of its row
 * @param {string} kind
 */
export const isNotInForce = (state, kind) => state === "queued" && DECISIONS.has(kind);

const AGAINST_THE_CARD = new Set([...DECISIONS, "own_withdrawal", "wrong_person_flag"]);

/**
 * Whether what was written here speaks against a card that does not know of it: it is then said above the card, where
 * nobody acts on the card without having read it (hazard H-27). A card that is newer than the register's answer knows.
 *
 * @param {{ state: string, settledAt: number }} row
 * @param {string} kind
 * @param {number} asAt as of when the card is
 */
export const speaksAgainstCard = ({ state, settledAt }, kind, asAt) =>
  AGAINST_THE_CARD.has(kind) && !((state === "held" || state === "sent") && settledAt < asAt);

/**
 * @param {Policy} policy
 * @param {{ may_sign?: boolean }} lease what it says of the reader
 * @returns {Deed[]}
 */
export function findDeeds(policy, lease) {
  const may = new Set([ALWAYS, ...(policy.offline_sections ?? [])]);
  if (lease.may_sign !== true) may.delete(SIGNING);
  return DEEDS.filter(([name]) => may.has(name)).map(([, deed]) => deed);
}
