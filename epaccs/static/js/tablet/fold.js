/**
 * Names, streets and postcodes made comparable, letter for letter as the register does (`epaccs.core.names`,
 * `epaccs.record.rules.search_keys`): a table read by both languages holds them together (tests/js/folding.json).
 */

const KEY_LIMIT = 60;

/** Letters that Unicode does not take apart, and what casefold makes of some that toLowerCase leaves. */
const LETTERS = /** @type {Record<string, string>} */ ({
  đ: "d",
  ð: "d",
  ħ: "h",
  ı: "i",
  ł: "l",
  ø: "o",
  œ: "oe",
  æ: "ae",
  þ: "th",
  ß: "ss",
  ς: "σ",
});
const LEFT_OUT = /['’‘ʼ`´′]/gu;

/** @param {string} text @returns {string} small letters without accents or apostrophes; words parted by one space */
export function fold(text) {
  const plain = text.normalize("NFKD").toLowerCase();
  const small = plain.replaceAll(/[đðħıłøœæþßς]/gu, (letter) => LETTERS[letter] ?? letter).replaceAll(LEFT_OUT, "");
  const kept = small.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  return kept.replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** @param {string} text @returns {string[]} */
export const nameWords = (text) => fold(text).split(" ").filter(Boolean);

/** @param {string} text @returns {string} without its space, in capitals */
export const postcodeKey = (text) => fold(text).replaceAll(" ", "").toUpperCase();

/** Parts of family names that tell nobody apart. */
export const PARTICLES = new Set("al bin da de del den der di dos du el ibn la le mac mc o st ten van von".split(" "));

export const STREET_KINDS = new Set(
  (
    "avenue close court crescent drive gardens green grove hill lane mews parade " +
    "park place rise road row square street terrace view walk way"
  ).split(" "),
);

const SHORT_FOR = new Map(
  Object.entries({
    road: "rd",
    street: "st str",
    avenue: "ave av avn",
    close: "cl clo",
    drive: "dr drv",
    lane: "ln",
    crescent: "cres cr crs",
    court: "ct crt",
    gardens: "gdns gdn garden",
    place: "pl",
    square: "sq",
    terrace: "ter terr tce",
    grove: "gr grv",
    park: "pk",
    parade: "pde",
  }).flatMap(([whole, shorts]) => shorts.split(" ").map((short) => /** @type {const} */ ([short, whole]))),
);

/** @param {string} street @returns {string[]} the words without numbers, written out; at the beginning "St" is a saint */
export function streetWords(street) {
  const words = nameWords(street).filter((word) => !/\p{Nd}/u.test(word));
  const written = words.map((word) => SHORT_FOR.get(word) ?? word);
  if (words.length > 1 && words[0] === "st") written[0] = "saint";
  return written;
}

/** @param {string} street @returns {string} of Station Road, station rd and Station Street it is "station" */
export function streetKey(street) {
  const words = streetWords(street);
  if (words.length > 1 && words[0] === "the") words.shift();
  if (words.length > 1 && STREET_KINDS.has(String(words.at(-1)))) words.pop();
  return shorten(words.join(""));
}

/** @param {string} key */
export const shorten = (key) => [...key].slice(0, KEY_LIMIT).join("");

/** In this order. Source: sounds that English spelling writes in several ways. */
const SOUNDS = /** @type {[RegExp, string][]} */ ([
  [/^(?:kn|gn|pn)/g, "n"],
  [/^wr/g, "r"],
  [/^mac(?=[^aeiouy])/g, "mk"],
  [/^mc/g, "mk"],
  [/ph|v/g, "f"],
  [/gh|(?<=.)[hw]/g, ""],
  [/mp(?=[st])/g, "m"],
  [/g(?=[eiy])/g, "j"],
  [/ck|q|c(?![eiy])/g, "k"],
  [/x/g, "ks"],
  [/[cz]/g, "s"],
  [/^[aeiouy]+/g, "a"],
  [/(?<=.)[aeiouy]+/g, ""],
  [/(.)\1+/g, "$1"],
]);

/** @param {string} word @returns {string} how it sounds, roughly; blank: too little to compare */
export function soundOf(word) {
  const sound = SOUNDS.reduce((rest, [pattern, written]) => rest.replaceAll(pattern, written), word);
  return sound.length > 1 ? sound : "";
}

/**
 * How many letters were put in, left out, changed, or swapped with a neighbour.
 *
 * @param {string} first
 * @param {string} second
 * @returns {number}
 */
export function distance(first, second) {
  let [older, old] = [/** @type {number[]} */ ([]), Array.from({ length: second.length + 1 }, (_, place) => place)];
  for (let row = 1; row <= first.length; row += 1) {
    const current = nextRow(first, second, row, older, old);
    [older, old] = [old, current];
  }
  return old.at(-1) ?? 0;
}

/**
 * @param {string} first
 * @param {string} second
 * @param {number} row
 * @param {number[]} older
 * @param {number[]} old
 */
function nextRow(first, second, row, older, old) {
  const current = [row];
  for (let place = 1; place <= second.length; place += 1) {
    const change = Number(old[place - 1]) + (first[row - 1] === second[place - 1] ? 0 : 1);
    let least = Math.min(change, Number(old[place]) + 1, Number(current[place - 1]) + 1);
    if (isSwap(first, second, row, place)) least = Math.min(least, Number(older[place - 2]) + 1);
    current.push(least);
  }
  return current;
}

/** @param {string} first @param {string} second @param {number} row @param {number} place */
const isSwap = (first, second, row, place) =>
  row > 1 && place > 1 && first[row - 1] === second[place - 2] && first[row - 2] === second[place - 1];
