/**
 * The one way a value is written down where it is hashed or signed, letter for letter as the register writes it
 * (`epaccs.core.db.canonical_json`): keys sorted by their code points, no spaces, nothing escaped that need not be.
 *
 * A fraction is refused: the two languages write them differently, and no edit needs one.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) return writeObject(/** @type {Record<string, unknown>} */ (value));
  return writeScalar(value);
}

/** @param {Record<string, unknown>} value */
function writeObject(value) {
  const keys = Object.keys(value).sort(compareCodePoints);
  return `{${keys.map((key) => `${writeScalar(key)}:${canonicalJson(value[key])}`).join(",")}}`;
}

/** @param {unknown} value */
function writeScalar(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (typeof value === "string" && !HALF_OF_A_PAIR.test(value)) return JSON.stringify(value);
  throw new TypeError(`${typeof value} cannot be written down`);
}

const HALF_OF_A_PAIR = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * JavaScript's own order is by halves of pairs, which puts an emoji before some letters.
 *
 * @param {string} first
 * @param {string} second
 */
function compareCodePoints(first, second) {
  const [one, other] = [[...first], [...second]];
  for (let place = 0; place < Math.min(one.length, other.length); place += 1) {
    const difference =
      /** @type {number} */ (one[place]?.codePointAt(0)) - /** @type {number} */ (other[place]?.codePointAt(0));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/**
 * What was typed, without halves of characters, which cannot be sent.
 *
 * @param {string} text
 * @returns {string}
 */
export const wellFormed = (text) => text.replace(new RegExp(HALF_OF_A_PAIR, "g"), "\ufffd");
