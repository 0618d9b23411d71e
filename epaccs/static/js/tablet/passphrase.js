/**
 * Which passphrases are long enough for a tablet that may be stolen: what is on its disk can be guessed at for weeks.
 * Source: eight digits are less than a year of one processor at Argon2id with 64 MiB and 3 passes (hazard H-55).
 */

const SHORTEST = 8;
const SHORTEST_OF_ONE_KIND = 12;
const WORDS_ENOUGH = 4;
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{L}\p{Nd}\s]/u];

/**
 * @param {string} passphrase
 * @param {readonly string[]} known words an acquaintance would try first: the user's names, the name of the tablet
 * @param {{ least?: number, isFast?: boolean }} [how] least: the fewest characters, by policy; isFast: made into a key in a way that is guessed at sooner
 * @returns {string | null} what to do instead; null: it is good enough
 */
export function refusePassphrase(passphrase, known = [], { least = 0, isFast = false } = {}) {
  const typed = normalise(passphrase);
  const shortest = Math.max(SHORTEST, least);
  if ([...typed].length < shortest) return `Choose at least ${shortest} characters, or more words`;
  if (!/\p{L}/u.test(typed)) return "Choose a passphrase with letters in it: digits alone are guessed too soon";
  if (new Set(typed.toLowerCase()).size < 5) return "Choose a passphrase with more different characters";
  if (known.some((word) => isMostlyWord(typed, word)))
    return "Choose a passphrase without your own name or the tablet's";
  if (isLong(typed) || (isMixed(typed) && !isFast)) return null;
  if (isFast) return "Choose at least 12 characters, or four words: on this browser a shorter one is guessed too soon";
  return "Mix capitals, small letters, digits and signs, or choose at least 12 characters, or four words";
}

/**
 * @param {Record<string, string>} typed `passphrase` and, once more, `again`
 * @param {readonly string[]} known
 * @param {{ least?: number, isFast?: boolean }} how
 * @returns {{ field: string, words: string }[]} empty: it may be taken
 */
export function refuseChosen({ passphrase = "", again = "" }, known, how) {
  const weak = refusePassphrase(passphrase, known, how);
  if (weak) return [{ field: "passphrase", words: weak }];
  return passphrase === again ? [] : [{ field: "again", words: "Enter the same passphrase twice" }];
}

/** The same passphrase typed on another keyboard gives the same characters. @param {string} passphrase */
export const normalise = (passphrase) => passphrase.normalize("NFKC").trim().replaceAll(/\s+/gu, " ");

/** @param {string} typed */
const isMixed = (typed) => KINDS.filter((kind) => kind.test(typed)).length >= 3;

/** @param {string} typed */
const isLong = (typed) => [...typed].length >= SHORTEST_OF_ONE_KIND || typed.split(" ").length >= WORDS_ENOUGH;

/**
 * @param {string} typed
 * @param {string} word
 */
const isMostlyWord = (typed, word) =>
  word.length >= 3 && typed.toLowerCase().includes(word.toLowerCase()) && typed.length - word.length < SHORTEST;
