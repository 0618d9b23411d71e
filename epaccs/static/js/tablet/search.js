/**
 * Finding the right person among those on this tablet: whoever two of the answers could mean, weighed as the register
 * weighs (`epaccs.record.rules.search`). It lives in memory while the vault is open, and goes with the lock.
 */

import { realDay } from "./criteria.js";
import { distance, PARTICLES, shorten, soundOf } from "./fold.js";
import { Words } from "./words.js";

/** @typedef {import("./criteria.js").Criteria} Criteria */
/** @typedef {{ id: string, keys: any }} Findable */
/** @typedef {{ id: string, score: number, bornDiffers: boolean, hasSimilar: boolean }} Hit */
/** @typedef {Hit & { place: number }} Placed */
/** @typedef {(typed: string, kept: string) => number} Alike how alike two words are */

export const SHOWN_LIMIT = 20;
const LOWEST_SCORE = 0.69;
const PREFIX = 3;
const WEIGHTS = { family: 0.45, given: 0.2, where: 0.2, born: 0.15 };

export class SearchIndex {
  /** @type {Findable[]} by their places */
  #people;
  #families = new Words();
  #givens = new Words();
  #streets = new Words();
  /** @type {Map<string, number[]>} */
  #born = new Map();
  /** @type {Map<string, number[]>} */
  #postcodes = new Map();

  /** @param {Iterable<Findable>} people */
  constructor(people) {
    this.#people = [...people];
    for (const [place, { keys }] of this.#people.entries()) {
      for (const family of keys.family ?? []) this.#families.add(family, place);
      for (const given of keys.given ?? []) this.#givens.add(given, place);
      this.#streets.add(keys.street, place);
      addTo(this.#born, keys.born, place);
      addTo(this.#postcodes, keys.postcode, place);
    }
  }

  /** How many people there are. */
  get size() {
    return this.#people.length;
  }

  /**
   * The best first, at most twenty.
   *
   * @param {Criteria} criteria
   * @param {number} most by policy
   * @returns {{ hits: Hit[], hasMore: boolean }}
   */
  find(criteria, most = SHOWN_LIMIT) {
    const alike = remembering(likeness);
    const found = criteria.digits ? this.#byNumber(criteria.digits) : this.#byName(criteria, alike);
    const ordered = found.sort(
      (one, other) => other.score - one.score || (this.#nameOf(one) < this.#nameOf(other) ? -1 : 1),
    );
    const hits = ordered
      .slice(0, Math.min(most, SHOWN_LIMIT))
      .map(({ place, ...hit }) => ({ ...hit, hasSimilar: this.#hasSimilar(place, alike) }));
    return { hits, hasMore: ordered.length > hits.length };
  }

  /** @param {string} digits @returns {Placed[]} */
  #byNumber(digits) {
    return this.#people.flatMap(({ id, keys }, place) =>
      keys.nhs?.startsWith(digits) ? [{ id, place, score: 1, bornDiffers: false, hasSimilar: false }] : [],
    );
  }

  /** Whoever any two of the answers could mean, weighed. @param {Criteria} criteria @param {Alike} alike @returns {Placed[]} */
  #byName(criteria, alike) {
    const weigh = weigher(criteria, alike);
    const found = [];
    for (const place of this.#candidates(criteria)) {
      const { id, keys } = /** @type {Findable} */ (this.#people[place]);
      const score = weigh(keys);
      const bornDiffers = scoreBorn(criteria, keys.born) < 1;
      if (score >= LOWEST_SCORE) found.push({ id, place, score, bornDiffers, hasSimilar: false });
    }
    return found;
  }

  /** @param {Criteria} criteria @returns {Set<number>} */
  #candidates(criteria) {
    const names = namesOf(criteria.words);
    const family = new Set(names.flatMap((name) => this.#families.near(name)));
    const given = new Set(names.flatMap((name) => this.#givens.near(name)));
    const here = [...same(this.#postcodes, criteria.postcode)];
    const where = new Set([...criteria.streets.flatMap((street) => this.#streets.near(street)), ...here]);
    const isNamed = (/** @type {number} */ place) => criteria.words.length > 1 && family.has(place) && given.has(place);
    const isPlausible = (/** @type {number} */ place) =>
      where.has(place) || (isNamed(place) && scoreBorn(criteria, this.#people[place]?.keys.born) > 0);
    const named = [...family, ...given].filter(isPlausible);
    return new Set([...named, ...same(this.#born, criteria.bornOn), ...here]);
  }

  /** Somebody else here who is easily taken for this person (hazard H-01). @param {number} place @param {Alike} alike */
  #hasSimilar(place, alike) {
    const ways = waysOf(this.#people[place]?.keys);
    const near = new Set(ways.flatMap(([family]) => this.#families.same(family)));
    const isLike = (/** @type {number} */ other) =>
      waysOf(this.#people[other]?.keys).some((way) => ways.some((own) => areAlike(own, way, alike)));
    return [...near].some((other) => other !== place && isLike(other));
  }

  /** @param {Placed} hit */
  #nameOf({ place, id }) {
    const { family = [""], given = [""] } = this.#people[place]?.keys ?? {};
    return `${family[0]} ${given[0]} ${id}`;
  }
}

/** @param {Map<string, number[]>} people @param {string | undefined} key @param {number} place */
function addTo(people, key, place) {
  if (!key) return;
  const found = people.get(key);
  if (found) found.push(place);
  else people.set(key, [place]);
}

/** @param {Map<string, number[]>} people @param {string} key @returns {readonly number[]} */
const same = (people, key) => people.get(key) ?? [];

/** Each two words are compared once. @param {Alike} compare @returns {Alike} */
function remembering(compare) {
  /** @type {Map<string, Map<string, number>>} */
  const known = new Map();
  return (typed, kept) => {
    const of = known.get(typed) ?? new Map();
    if (of.size === 0) known.set(typed, of);
    const found = of.get(kept) ?? compare(typed, kept);
    of.set(kept, found);
    return found;
  };
}

// --- Weighing: as the register does ---

/** Every run of words that could be one name, each as one word. @param {string[]} words */
function namesOf(words) {
  const runs = words.flatMap((_, start) =>
    words.slice(start).map((__, length) => shorten(words.slice(start, start + length + 1).join(""))),
  );
  return [...new Set(runs)];
}

/** @param {any} keys @returns {[string, string][]} family name and given name, each way of saying them */
const waysOf = ({ family = [""], given = [""] } = {}) =>
  family.flatMap((/** @type {string} */ one) => given.map((/** @type {string} */ other) => [one, other]));

/** @param {Criteria} criteria @returns {[string[], string[]][]} how the words divide into family name and given name */
export function readingsOf({ words, familyLength }) {
  if (familyLength > 0) return [[words.slice(0, familyLength), words.slice(familyLength)]];
  if (words.length === 1)
    return [
      [words, []],
      [[], words],
    ];
  /** @type {[string[], string[]][]} */
  const divided = words.slice(1).flatMap((_, place) => {
    const [first, second] = [words.slice(0, place + 1), words.slice(place + 1)];
    return /** @type {[string[], string[]][]} */ ([
      [second, first],
      [first, second],
    ]);
  });
  return [...divided, [[words.join("")], []]];
}

/** @param {string} typed @param {string} kept @returns {number} 1: the same; 0: nothing alike */
export function likeness(typed, kept) {
  if (typed === kept) return 1;
  if (!typed || !kept) return 0;
  const steps = distance(typed, kept);
  let alike = 1 - steps / Math.max(typed.length, kept.length);
  const sound = alike < 0.9 ? soundOf(typed) : "";
  if (sound && sound === soundOf(kept)) alike = Math.max(alike, 0.85);
  if (typed.length >= PREFIX && kept.startsWith(typed)) alike = Math.max(alike, 0.8);
  return alike < 0.6 && steps === 1 ? 0.6 : alike;
}

/**
 * One question is read once, and then weighed against each of many people, in each way of saying their name.
 *
 * @param {Criteria} criteria
 * @param {Alike} alike
 * @returns {(keys: any) => number}
 */
function weigher(criteria, alike) {
  const readings = readingsOf(criteria);
  return (keys) =>
    Math.max(...waysOf(keys).map(([family, given]) => scoreWay(criteria, keys, family, given, { readings, alike })));
}

/** @param {Criteria} criteria @param {any} keys @param {string} family @param {string} given @returns {number} */
export function scoreWay(
  criteria,
  keys,
  family,
  given,
  { readings, alike } = { readings: readingsOf(criteria), alike: likeness },
) {
  let { points, weight } = bestReading(readings, family, given, alike);
  if (criteria.streets.length > 0 || criteria.postcode) {
    points += WEIGHTS.where * scoreWhere(criteria, keys, alike);
    weight += WEIGHTS.where;
  }
  if (criteria.bornOn || criteria.bornFrom) {
    points += WEIGHTS.born * scoreBorn(criteria, keys.born);
    weight += WEIGHTS.born;
  }
  return points / weight;
}

/** @param {[string[], string[]][]} readings @param {string} family @param {string} given @param {Alike} alike */
function bestReading(readings, family, given, alike) {
  const scores = readings.map(([families, givens]) => scoreReading(families, givens, family, given, alike));
  return scores.reduce((best, one) => (one.points > best.points ? one : best));
}

/** @param {string[]} families @param {string[]} givens @param {string} family @param {string} given @param {Alike} alike */
function scoreReading(families, givens, family, given, alike) {
  if (givens.length === 0)
    return { points: WEIGHTS.family * likeFamily(families, family, alike), weight: WEIGHTS.family };
  if (families.length === 0)
    return { points: WEIGHTS.family * 0.85 * likeGiven(givens, given, alike), weight: WEIGHTS.family };
  const points = WEIGHTS.family * likeFamily(families, family, alike) + WEIGHTS.given * likeGiven(givens, given, alike);
  return { points, weight: WEIGHTS.family + WEIGHTS.given };
}

/** @param {string[]} words @param {string} kept @param {Alike} alike */
function likeFamily(words, kept, alike) {
  const whole = alike(shorten(words.join("")), kept);
  if (words.length === 1 || whole === 1) return whole;
  return Math.max(whole, 0, ...words.filter((word) => !PARTICLES.has(word)).map((word) => 0.95 * alike(word, kept)));
}

/** A given name, one of several, or an initial. @param {string[]} words @param {string} kept @param {Alike} alike */
function likeGiven(words, kept, alike) {
  const likest = Math.max(...[...words, shorten(words.join(""))].map((word) => alike(word, kept)));
  const hasInitial = words.some((word) => word.length === 1 && kept.startsWith(word));
  return hasInitial ? Math.max(likest, 0.85) : likest;
}

/** @param {Criteria} criteria @param {any} keys @param {Alike} alike */
function scoreWhere({ streets, postcode }, keys, alike) {
  if (postcode && postcode === keys.postcode) return 1;
  if (!keys.street) return 0.5;
  const likest = Math.max(0, ...streets.map((street) => alike(street, keys.street)));
  return likest >= 0.6 ? likest : 0;
}

/** @param {Criteria} criteria @param {string} born @returns {number} less than 1: easily mistyped for it; 0: another day */
function scoreBorn({ bornOn, bornFrom, bornUntil }, born) {
  if (bornOn) return born === bornOn ? 1 : nearDays(bornOn).includes(born) ? 0.5 : 0;
  if (bornFrom) return bornFrom <= born && born <= bornUntil ? 1 : 0;
  return 1;
}

/** Days for which this one is easily mistyped: day and month swapped, one digit or one step away. @param {string} bornOn */
export function nearDays(bornOn) {
  const [year, month, day] = /** @type {[number, number, number]} */ (bornOn.split("-").map(Number));
  /** @type {[number, number, number][]} */
  const parts = [
    [year, day, month],
    ...[-10, -1, 1, 10].map((step) => /** @type {[number, number, number]} */ ([year + step, month, day])),
    ...[-1, 1].map((step) => /** @type {[number, number, number]} */ ([year, month + step, day])),
    ...[-10, -1, 1, 10].map((step) => /** @type {[number, number, number]} */ ([year, month, day + step])),
    [year, month, Number([...bornOn.slice(8)].reverse().join(""))],
    [Number(bornOn.slice(0, 2) + [...bornOn.slice(2, 4)].reverse().join("")), month, day],
  ];
  return parts.map((part) => realDay(...part)).filter((one) => one !== null && one !== bornOn);
}

/** @param {[string, string]} first @param {[string, string]} second @param {Alike} [alike] */
export const areAlike = (first, second, alike = likeness) =>
  alike(first[0], second[0]) >= 0.75 && alike(first[1], second[1]) >= 0.75;
