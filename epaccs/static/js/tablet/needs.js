/**
 * What an entry needs of itself: the rows of the register's own table (`epaccs/cpr_decisions/rules/needs.py`), printed
 * into the shell and read here in the same way. No rule of a decision is written in this file (hazard H-60).
 */

/** @typedef {[path: string, verb: string, values: unknown[]]} Condition */
/** @typedef {{ field: string, words: string, when: Condition[], named: string }} Need */

const CLOCK_ERROR_MS = 10 * 60_000;

/**
 * What is missing or cannot be, in the register's sentences.
 *
 * @param {Need[]} needs
 * @param {unknown} said the entry as it will be sent
 * @returns {{ field: string, words: string }[]}
 */
export function findUnmet(needs, said) {
  return needs
    .filter(({ when }) => when.every((condition) => holds(condition, said)))
    .map(({ field, words, named }) => ({ field, words: words.replaceAll("{who}", () => whoOf(said, named)) }));
}

/** @param {unknown} said @param {string} named */
const whoOf = (said, named) => String((named && answersAt(said, named)[0]) || "this person");

/** @param {Condition} condition @param {unknown} said @returns {boolean} */
function holds([path, verb, values], said) {
  const answers = answersAt(said, path);
  const read = VERBS[verb];
  if (!read) throw new Error(`${verb} is not known`);
  return read(answers, values, said);
}

/** @type {Record<string, (answers: unknown[], values: unknown[], said: unknown) => boolean>} */
const VERBS = {
  blank: (answers) => answers.length === 0,
  given: (answers) => answers.length > 0,
  one_of: (answers, values) => answers.some((one) => values.includes(one)),
  none_of: (answers, values) => !answers.some((one) => values.includes(one)),
  later_than: (answers, [other], said) =>
    answersAt(said, String(other)).some((than) =>
      answers.some((one) => Date.parse(String(one)) > Date.parse(String(than)) + CLOCK_ERROR_MS),
    ),
  not_after_day_of: (answers, [other], said) =>
    answersAt(said, String(other)).some((than) =>
      answers.some((one) => String(one) <= BRITISH_DAY.format(Date.parse(String(than)))),
    ),
};

const BRITISH_DAY = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" });

/** Everything that is said at a path; a list counts as what is in it, and what is empty as nothing. @param {unknown} said @param {string} path */
function answersAt(said, path) {
  let found = [said];
  for (const step of path.split(".")) found = found.flatMap((one) => stepInto(one, step));
  return found.flat().filter((one) => one !== null && one !== undefined && one !== "" && !isEmptyObject(one));
}

/** @param {any} one @param {string} step @returns {unknown[]} */
function stepInto(one, step) {
  if (step === "*") return Object.values(one ?? {});
  return one !== null && typeof one === "object" && step in one ? [one[step]] : [];
}

/** @param {unknown} one */
const isEmptyObject = (one) => typeof one === "object" && one !== null && Object.keys(one).length === 0;
