/**
 * What a tablet says of a sheet whose square code was read: whether it was altered, what should stand on it, and whether
 * the tablet itself knows of anything newer. It never says that a sheet still holds (hazard H-70).
 */

import { LEEWAY_MS, toAge, toDay, toTime } from "./clock.js";
import { readStamp } from "./stamp.js";

/** @typedef {import("./copies.js").Known} Known */
/** @typedef {import("./stamp.js").Facts} Facts */

/**
 * @typedef {object} Around what the tablet knows beside the code
 * @property {readonly import("./stamp.js").Key[]} keys
 * @property {Iterable<Known>} people
 * @property {Known | null} open whose record is open; null: nobody's
 * @property {number} now
 * @property {Record<string, string>} lines the words of each line about CPR, by its number
 */

/**
 * @typedef {object} Judgement
 * @property {string} heading
 * @property {boolean} isAlarm the paper must not be relied on
 * @property {string[]} alarms most urgent first
 * @property {string[]} notes
 * @property {[string, string][]} facts what should stand on the paper; none where the code is not believed
 * @property {Known | null} person on this tablet, whom the sheet is about; null: nobody here, or it is not clear who
 */

const LOOK_ELSEWHERE = "Look for the signed form, and ring if there is none.";
const DO_NOT_RELY = "Do not rely on this paper";

const NOT_BELIEVED = /** @type {Record<string, [string, string]>} */ ({
  altered: [DO_NOT_RELY, "Its square code was altered."],
  unknown: [
    DO_NOT_RELY,
    "Its square code was signed by somebody whom this tablet does not know: it was altered, is of another register, or is newer than what this tablet was last told. The register knows: ask it by the number of the sheet.",
  ],
  withdrawn: [DO_NOT_RELY, "Its square code was signed with a key that is not trusted any more."],
  other: [DO_NOT_RELY, "Its square code was put together from two sheets."],
  unreadable: [
    "This is no code of a sheet",
    "What was read is not the square code of a sheet of this register, or only part of one.",
  ],
  unstamped: [
    "No tablet can check this code",
    "It holds only a number. That of a list is right so; that of a sheet was altered, or is from before sheets were signed. Ask the register by the number before you rely on it.",
  ],
  unable: [
    "This browser cannot tell",
    "It has no way of looking at signatures. Ask the register by the number of the sheet.",
  ],
  "no keys": [
    "This tablet cannot tell yet",
    "It has not been told what sheets are signed with. Let it ask the register, where there is signal.",
  ],
});

/**
 * @param {string} scanned
 * @param {Around} around
 * @returns {Promise<Judgement>}
 */
export async function judgeSheet(scanned, around) {
  const address = readAddress(scanned);
  if (!address) return refuse(/^https?:\/\/[^#]*\/check\/\w{4}-\w{4}$/.test(scanned) ? "unstamped" : "unreadable");
  if (around.keys.length === 0) return refuse("no keys");
  const { standing, facts } = await readStamp(address.stamp, around.keys);
  if (!facts) return refuse(standing);
  if (facts.code !== address.code) return refuse("other");
  return judgeGenuine(facts, around);
}

/** The number and the stamp, as the register printed them behind the address of its page. @param {string} scanned */
function readAddress(scanned) {
  const [, first, second, stamp] = /^https?:\/\/[^#]*\/check\/(\w{4})-(\w{4})#([\w-]+)$/.exec(scanned) ?? [];
  return stamp ? { code: `${first}${second}`, stamp } : null;
}

/** @param {string} why @returns {Judgement} */
function refuse(why) {
  const [heading, words] = /** @type {[string, string]} */ (NOT_BELIEVED[why]);
  return { heading, isAlarm: true, alarms: [words, LOOK_ELSEWHERE], notes: [], facts: [], person: null };
}

/** @param {Facts} facts @param {Around} around @returns {Judgement} */
function judgeGenuine(facts, around) {
  const person = findPerson(facts, around);
  const alarms = [...alarmsOf(facts, person, around)];
  const isAlarm = alarms.length > 0;
  const isOlder = person !== null && person.version > facts.change;
  return {
    heading: isAlarm
      ? DO_NOT_RELY
      : isOlder
        ? "Not altered, but the record has changed since"
        : "The square code was not altered",
    isAlarm,
    alarms: isAlarm ? [...alarms, LOOK_ELSEWHERE] : [],
    notes: [
      newsOf(facts, person),
      "Compare each of these with the paper. If one differs, the paper was altered: do not rely on it.",
      "Whether the sheet still holds only the register knows.",
    ],
    facts: showFacts(facts, around),
    person,
  };
}

/** @param {Facts} facts @param {Known | null} person @param {Around} around */
function* alarmsOf(facts, person, { open, now }) {
  if (open && !fits(facts, open)) yield misfitOf(open);
  if (person?.keys.shown.died_on) yield "The person has died, or was reported to have died.";
  if (person && cprOf(person) > facts.cprVersion)
    yield "This tablet holds a newer CPR decision than this sheet. Open the record.";
  if (facts.at > now + LEEWAY_MS)
    yield "It says that it was printed later than now: a clock was wrong. Do not rely on its time.";
}

/** @param {Known} open */
function misfitOf(open) {
  const [year, digits] = [yearOf(open) ?? "not recorded", lastFourOf(open) || "none"];
  return `This sheet does not fit ${open.keys.shown.family_name?.toUpperCase()}, whose record is open: initials ${initialsOf(open)}, born in ${year}, NHS number ends with ${digits}.`;
}

/**
 * What this tablet knows of the person beside the sheet. Which part of the record changed it does not know: what puts a
 * decision in doubt is not always another version of it.
 *
 * @param {Facts} facts @param {Known | null} person
 */
function newsOf(facts, person) {
  if (!person)
    return "Whoever it is about is not on this tablet, or several people fit: it cannot know whether there is anything newer.";
  if (person.version > facts.change)
    return "The record on this tablet was changed after this sheet. What the sheet says about CPR may be different now: open the record.";
  return person.version < facts.change
    ? "The sheet is newer than what this tablet holds of the person."
    : "This tablet holds nothing newer about the person than the sheet.";
}

/** @param {Known} person */
const cprOf = ({ keys }) => Number(keys.versions?.cpr ?? 0);

/** @param {Facts} facts @param {Around} around @returns {[string, string][]} */
function showFacts({ code, at, line, birthYear, lastFour, initials }, { now, lines }) {
  const age = at <= now ? `, ${toAge(now - at)} ago` : "";
  return [
    ["The sheet says about CPR", lines[line] ?? "A line that this program does not know: read the paper, and ring"],
    ["Sheet", `${code.slice(0, 4)}-${code.slice(4)}`],
    ["Valid as at", `${toDay(at)} ${toTime(at)}${age}`],
    ["Initials", initials || "None"],
    ["Born in", birthYear ? String(birthYear) : "Not recorded"],
    ["NHS number ends with", lastFour || "No NHS number"],
  ];
}

/** Whom it is about: whose record is open, if they fit; else the one person who does. @param {Facts} facts @param {Around} around */
function findPerson(facts, { people, open }) {
  const found = [...people].filter((one) => fits(facts, one));
  const ofOpen = found.find((one) => one.id === open?.id);
  return ofOpen ?? (found.length === 1 ? /** @type {Known} */ (found[0]) : null);
}

/** Whether everything that the stamp says of a person is so of this one. @param {Facts} facts @param {Known} person */
export const fits = ({ birthYear, lastFour, initials }, person) =>
  yearOf(person) === birthYear && lastFourOf(person) === lastFour && initialsOf(person) === initials;

/** @param {Known} person */
const yearOf = ({ keys }) => (keys.born ? Number(keys.born.slice(0, 4)) : null);

/** @param {Known} person */
const lastFourOf = ({ keys }) => (keys.nhs ?? "").slice(-4);

/** @param {Known} person */
const initialsOf = ({ keys }) => findInitials(keys.shown.given_name ?? "", keys.shown.family_name ?? "");

/** The first letter of each, as capitals; as on the register (`epaccs/stamps/rules.py`). @param {string} given @param {string} family */
export const findInitials = (given, family) => [given, family].map(firstLetter).join("");

/** @param {string} name */
function firstLetter(name) {
  const letter = [...name.normalize("NFC")].find((one) => /\p{L}/u.test(one)) ?? "";
  return [...letter.toUpperCase()][0] ?? "";
}
