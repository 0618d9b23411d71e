/**
 * What was typed into the search, read as the register reads it (`epaccs.record.rules.search`), with one thing more: on a
 * tablet the beginning of an NHS number is enough. Too little is answered with what to add; nobody leafs through people.
 *
 * Source: hazards H-01 (wrong person) and H-14 (a record that exists is not found).
 */

import { distance, nameWords, postcodeKey, STREET_KINDS, shorten, streetKey, streetWords } from "./fold.js";

/**
 * @typedef {object} Criteria
 * @property {string} digits of an NHS number, from its beginning; blank: none
 * @property {string[]} words of a name, in the order typed
 * @property {number} familyLength how many of them came before a comma; 0: any order is meant
 * @property {string} bornOn YYYY-MM-DD; blank: not known exactly
 * @property {string} bornFrom what an age or a year leaves possible; blank: not given
 * @property {string} bornUntil
 * @property {string[]} streets what the street could be called
 * @property {string} postcode
 */

/** @typedef {{ field: "who" | "born" | "where", words: string }} Refusal what to do instead */

const DIGITS = 10;
const WORDS_LIMIT = 6;
const LEEWAY_YEARS = 2;
const HIGHEST_AGE = 125;
const EARLIEST_YEAR = 1900;

const NUMBER = /^[\d\s.\-\u2010-\u2015\u2212]*\d[\d\s.\-\u2010-\u2015\u2212]*$/u;
const AGE = /^(?:aged?|about|around|approx\.?|circa|c\.?|~)?\s*([0-9]{1,3})\s*(?:y|yrs?|years?)?(?:\s*old)?$/;
const AGES = /^(?:aged?\s*)?([0-9]{1,3})\s*(?:-|–|—|to)\s*([0-9]{1,3})\s*(?:y|yrs?|years?)?$/;
const DECADE = /^([0-9]{1,2}0)\s*['’]?s$/;
const YEAR = /^(?:born\s*(?:in\s*)?)?((?:18|19|20)[0-9]{2})$/;
const DAY_FIRST = /^([0-9]{1,2})[\s./-]+([0-9]{1,2}|[a-z]{3,9})[\s.,/-]+([0-9]{4})$/;
const YEAR_FIRST = /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$/;
const POSTCODE = /(?:^|[\s,])([a-z]{1,2}[0-9][a-z0-9]?\s*[0-9][a-z]{2})\s*$/i;
const MONTHS = "january february march april may june july august september october november december".split(" ");

/**
 * @param {{ who: string, born: string, where: string }} typed
 * @param {string} today YYYY-MM-DD
 * @param {number} leastDigits of an NHS number, by policy
 * @returns {{ criteria: Criteria } | { refusals: Refusal[] }}
 */
export function readCriteria({ who, born, where }, today, leastDigits = 4) {
  const parts = [readWho(who, leastDigits), readBorn(born, today), readWhere(where)];
  const refusals = parts.filter((part) => "words" in part && "field" in part);
  if (refusals.length > 0) return { refusals: /** @type {Refusal[]} */ (refusals) };
  const criteria = /** @type {Criteria} */ (Object.assign({ ...NOTHING }, ...parts));
  const refusal = criteria.digits ? null : refuseTooLittle(criteria);
  return refusal ? { refusals: [refusal] } : { criteria };
}

/** @type {Criteria} */
const NOTHING = {
  digits: "",
  words: [],
  familyLength: 0,
  bornOn: "",
  bornFrom: "",
  bornUntil: "",
  streets: [],
  postcode: "",
};

/** @param {Refusal["field"]} field @param {string} words @returns {Refusal} */
const refuse = (field, words) => ({ field, words });

// --- Who ---

/** @param {string} who @param {number} leastDigits @returns {Partial<Criteria> | Refusal} */
function readWho(who, leastDigits) {
  const typed = who.normalize("NFKC").trim();
  if (!typed) return {};
  if (NUMBER.test(typed)) return readDigits(typed.replaceAll(/\D/gu, ""), leastDigits);
  if (/\p{Nd}/u.test(typed)) {
    return refuse(
      "who",
      "Enter either the NHS number or the name, not both. An age or a date of birth has a box of its own",
    );
  }
  return readName(typed);
}

/** @param {string} digits @param {number} least @returns {Partial<Criteria> | Refusal} */
function readDigits(digits, least) {
  if (digits.length < least) return refuse("who", `Enter at least the first ${least} digits of the NHS number`);
  if (digits.length > DIGITS)
    return refuse("who", `Enter only the 10 digits of the NHS number: ${digits.length} were entered`);
  if (digits.length === DIGITS && !hasRightDigits(digits)) {
    return refuse(
      "who",
      "Check the NHS number against a letter or card: its digits do not fit together, so one is mistyped",
    );
  }
  return { digits };
}

/** @param {string} digits ten of them @returns {boolean} */
export function hasRightDigits(digits) {
  const total = [...digits.slice(0, 9)].reduce((sum, digit, place) => sum + Number(digit) * (10 - place), 0);
  return (11 - (total % 11)) % 11 === Number(digits[9]) && new Set(digits).size > 1;
}

/** @param {string} typed @returns {Partial<Criteria> | Refusal} */
function readName(typed) {
  const comma = typed.indexOf(",");
  const family = nameWords(comma < 0 ? typed : typed.slice(0, comma));
  const given = comma < 0 ? [] : nameWords(typed.slice(comma + 1));
  const words = [...family, ...given].map(shorten);
  if (words.length === 0) return refuse("who", "Enter the name with at least one letter, or the NHS number");
  if (words.length > WORDS_LIMIT)
    return refuse("who", `Enter at most ${WORDS_LIMIT} words: the family name and the first given name`);
  return { words, familyLength: given.length > 0 ? family.length : 0 };
}

// --- Born ---

/** @param {string} born @param {string} today @returns {Partial<Criteria> | Refusal} */
function readBorn(born, today) {
  const typed = born.normalize("NFKC").trim().toLowerCase();
  if (!typed) return {};
  return readYear(typed, today) ?? readAge(typed, today) ?? readDay(typed, today);
}

/** @param {string} typed @param {string} today @returns {Partial<Criteria> | Refusal | null} */
function readYear(typed, today) {
  const year = Number(YEAR.exec(typed)?.[1] ?? 0);
  if (!year) return null;
  if (year < EARLIEST_YEAR || year > yearOf(today)) {
    return refuse("born", `Enter a year of birth from ${EARLIEST_YEAR} to ${yearOf(today)}`);
  }
  return { bornFrom: `${year}-01-01`, bornUntil: `${year}-12-31` };
}

/** @param {string} typed @param {string} today @returns {Partial<Criteria> | Refusal | null} */
function readAge(typed, today) {
  const band = readBand(typed);
  if (!band) return null;
  if (band.youngest > HIGHEST_AGE)
    return refuse("born", `Enter an age of at most ${HIGHEST_AGE}, or a date of birth such as 06-Jan-1941`);
  return { bornFrom: dayAfter(yearsBefore(today, band.oldest + 1)), bornUntil: yearsBefore(today, band.youngest) };
}

/** @param {string} typed @returns {{ youngest: number, oldest: number } | null} */
function readBand(typed) {
  const decade = DECADE.exec(typed);
  if (decade) return { youngest: Number(decade[1]), oldest: Number(decade[1]) + 9 };
  const ages = AGES.exec(typed);
  if (ages)
    return { youngest: Math.min(Number(ages[1]), Number(ages[2])), oldest: Math.max(Number(ages[1]), Number(ages[2])) };
  const age = AGE.exec(typed);
  return age ? { youngest: Math.max(Number(age[1]) - LEEWAY_YEARS, 0), oldest: Number(age[1]) + LEEWAY_YEARS } : null;
}

/** @param {string} typed @param {string} today @returns {Partial<Criteria> | Refusal} */
function readDay(typed, today) {
  const [, day, month, year] = DAY_FIRST.exec(typed) ?? swapped(YEAR_FIRST.exec(typed)) ?? [];
  const bornOn = day && month && year ? realDay(Number(year), monthNumber(month), Number(day)) : null;
  if (!bornOn || bornOn > today) return refuse("born", "Enter the date of birth like 06-Jan-1941, or an age");
  return { bornOn };
}

/** @param {RegExpExecArray | null} found */
const swapped = (found) => found && [found[0], found[3], found[2], found[1]];

/** @param {string} month a number, or the beginning of its name @returns {number} 0: none */
const monthNumber = (month) =>
  /^\d/.test(month) ? Number(month) : MONTHS.findIndex((name) => name.startsWith(month)) + 1;

/** @param {number} year @param {number} month @param {number} day @returns {string | null} null: there is no such day */
export function realDay(year, month, day) {
  const made = new Date(Date.UTC(year, month - 1, day));
  made.setUTCFullYear(year);
  const isReal = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
  return isReal ? made.toISOString().slice(0, 10) : null;
}

/** @param {string} day */
const yearOf = (day) => Number(day.slice(0, 4));

/** @param {string} day @param {number} years */
const yearsBefore = (day, years) =>
  realDay(yearOf(day) - years, Number(day.slice(5, 7)), Number(day.slice(8))) ?? `${yearOf(day) - years}-02-28`;

/** @param {string} day */
const dayAfter = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

// --- Where ---

/** @param {string} where @returns {Partial<Criteria> | Refusal} */
function readWhere(where) {
  const typed = where.normalize("NFKC").trim();
  const found = POSTCODE.exec(typed);
  const streets = readStreets(found ? typed.slice(0, found.index) : typed);
  const postcode = postcodeKey(found?.[1] ?? "");
  if (typed && streets.length === 0 && !postcode)
    return refuse("where", "Enter the name of the street, or the whole postcode");
  return { streets, postcode };
}

/** @param {string} street @returns {string[]} what it could be kept as; its kind may be mistyped too, or joined to the name */
function readStreets(street) {
  const words = streetWords(street);
  const last = words.at(-1) ?? "";
  const keys = [streetKey(street)];
  if (words.length > 1 && [...STREET_KINDS].some((kind) => distance(last, kind) <= 1))
    keys.push(streetKey(words.slice(0, -1).join(" ")));
  if (words.length === 1)
    keys.push(...[...STREET_KINDS].filter((kind) => last.endsWith(kind)).map((kind) => last.slice(0, -kind.length)));
  return [...new Set(keys.map(shorten))].filter(Boolean);
}

// --- Enough ---

/** A name, with a date of birth or a place, or a full name with an age. @param {Criteria} criteria @returns {Refusal | null} */
function refuseTooLittle({ words, bornOn, bornFrom, streets, postcode }) {
  if (words.length === 0) return refuse("who", "Enter an NHS number, or a name with a date of birth or a street");
  if (Math.max(...words.map((word) => word.length)) < 2) return refuse("who", "Add the rest of the name");
  if (bornOn || streets.length > 0 || postcode) return null;
  if (!bornFrom) return refuse("born", "Add the date of birth, the age, the street or the postcode");
  return words.length === 1 ? refuse("who", "Add the given name, the street or the date of birth") : null;
}
