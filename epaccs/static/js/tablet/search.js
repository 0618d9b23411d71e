/**
 * Finding the right person among those on this tablet: sorted keys, each looked up by halving, weighed as the register
 * weighs (`epaccs.record.rules.search`). It lives in memory while the vault is open, and goes with the lock.
 */

import { realDay } from "./criteria.js";
import { distance, PARTICLES, shorten, soundOf } from "./fold.js";

/** @typedef {import("./criteria.js").Criteria} Criteria */
/** @typedef {{ id: string, keys: any }} Findable */
/** @typedef {{ id: string, score: number, bornDiffers: boolean, hasSimilar: boolean }} Hit */

export const SHOWN_LIMIT = 20;
const LOWEST_SCORE = 0.69;
const PREFIX = 3;
const WEIGHTS = { family: 0.45, given: 0.2, where: 0.2, born: 0.15 };

export class SearchIndex {
  #people;
  #numbers;
  #families;
  #givens;
  #streets;
  #born;
  #postcodes;

  /** @param {Iterable<Findable>} people */
  constructor(people) {
    this.#people = new Map([...people].map((one) => [one.id, one.keys]));
    this.#numbers = this.#sorted((keys) => [keys.nhs]);
    this.#families = this.#sorted((keys) => keys.family);
    this.#givens = this.#sorted((keys) => keys.given);
    this.#streets = this.#sorted((keys) => [keys.street]);
    this.#born = this.#sorted((keys) => [keys.born]);
    this.#postcodes = this.#sorted((keys) => [keys.postcode]);
  }

  /** How many people there are. */
  get size() {
    return this.#people.size;
  }

  /**
   * The best first, at most twenty.
   *
   * @param {Criteria} criteria
   * @param {number} most by policy
   * @returns {{ hits: Hit[], hasMore: boolean }}
   */
  find(criteria, most = SHOWN_LIMIT) {
    const found = criteria.digits ? this.#byNumber(criteria.digits) : this.#byName(criteria);
    const ordered = found.sort(
      (one, other) => other.score - one.score || (this.#nameOf(one) < this.#nameOf(other) ? -1 : 1),
    );
    const hits = ordered
      .slice(0, Math.min(most, SHOWN_LIMIT))
      .map((hit) => ({ ...hit, hasSimilar: this.#hasSimilar(hit.id) }));
    return { hits, hasMore: ordered.length > hits.length };
  }

  /** @param {string} digits @returns {Hit[]} */
  #byNumber(digits) {
    return beginningWith(this.#numbers, digits).map((id) => ({ id, score: 1, bornDiffers: false, hasSimilar: false }));
  }

  /** Whoever any two of the answers could mean, weighed. @param {Criteria} criteria @returns {Hit[]} */
  #byName(criteria) {
    const names = namesOf(criteria.words);
    const family = new Set(names.flatMap((name) => near(this.#families, name)));
    const given = new Set(names.flatMap((name) => near(this.#givens, name)));
    const place = new Set(criteria.streets.flatMap((street) => near(this.#streets, street)));
    for (const id of same(this.#postcodes, criteria.postcode)) place.add(id);
    const candidates = new Set(
      [...family, ...given].filter((id) => this.#isPlausible(id, criteria, family, given, place)),
    );
    for (const id of same(this.#born, criteria.bornOn)) candidates.add(id);
    for (const id of same(this.#postcodes, criteria.postcode)) candidates.add(id);
    return [...candidates].map((id) => this.#weigh(id, criteria)).filter((hit) => hit.score >= LOWEST_SCORE);
  }

  /**
   * @param {string} id
   * @param {Criteria} criteria
   * @param {Set<string>} family
   * @param {Set<string>} given
   * @param {Set<string>} place
   */
  #isPlausible(id, criteria, family, given, place) {
    const isNamed = family.has(id) && given.has(id) && criteria.words.length > 1;
    return place.has(id) || (isNamed && scoreBorn(criteria, this.#people.get(id).born) > 0);
  }

  /** @param {string} id @param {Criteria} criteria @returns {Hit} */
  #weigh(id, criteria) {
    const keys = this.#people.get(id);
    const ways = waysOf(keys).map(([family, given]) => scoreWay(criteria, keys, family, given));
    return { id, score: Math.max(...ways), bornDiffers: scoreBorn(criteria, keys.born) < 1, hasSimilar: false };
  }

  /** Somebody else here who is easily taken for this person (hazard H-01). @param {string} id */
  #hasSimilar(id) {
    const ways = waysOf(this.#people.get(id));
    const near = new Set(ways.flatMap(([family]) => same(this.#families, family)));
    return [...near].some(
      (other) => other !== id && waysOf(this.#people.get(other)).some((way) => ways.some((own) => areAlike(own, way))),
    );
  }

  /** @param {Hit} hit */
  #nameOf(hit) {
    const { family = [""], given = [""] } = this.#people.get(hit.id);
    return `${family[0]} ${given[0]} ${hit.id}`;
  }

  /** @param {(keys: any) => (string | null | undefined)[] | undefined} read @returns {[string, string][]} key and id, sorted by key */
  #sorted(read) {
    /** @type {[string, string][]} */
    const pairs = [];
    for (const [id, keys] of this.#people) for (const key of read(keys) ?? []) if (key) pairs.push([key, id]);
    return pairs.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  }
}

// --- Looking up ---

/** @param {[string, string][]} pairs @param {string} key @returns {number} the first that is not before it */
function firstFrom(pairs, key) {
  let [low, high] = [0, pairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (String(pairs[middle]?.[0]) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {[string, string][]} pairs @param {string} beginning @returns {string[]} */
function beginningWith(pairs, beginning) {
  const ids = [];
  for (let place = firstFrom(pairs, beginning); pairs[place]?.[0].startsWith(beginning); place += 1)
    ids.push(String(pairs[place]?.[1]));
  return [...new Set(ids)];
}

/** @param {[string, string][]} pairs @param {string} key @returns {string[]} */
function same(pairs, key) {
  /** @type {string[]} */
  const ids = [];
  if (!key) return ids;
  for (let place = firstFrom(pairs, key); pairs[place]?.[0] === key; place += 1) ids.push(String(pairs[place]?.[1]));
  return ids;
}

/**
 * Whoever has a key that could have been meant: a typing error or two, the same sound, or its beginning.
 *
 * @param {[string, string][]} pairs
 * @param {string} typed
 * @returns {string[]}
 */
function near(pairs, typed) {
  const ids = typed.length >= PREFIX ? beginningWith(pairs, typed) : [];
  const allowed = typed.length <= 5 ? 1 : 2;
  const sound = soundOf(typed);
  let [last, isNear] = ["", false];
  for (const [key, id] of pairs) {
    if (key !== last) [last, isNear] = [key, isNearKey(typed, key, allowed, sound)];
    if (isNear) ids.push(id);
  }
  return ids;
}

/** @param {string} typed @param {string} key @param {number} allowed @param {string} sound */
const isNearKey = (typed, key, allowed, sound) =>
  (Math.abs(typed.length - key.length) <= allowed && distance(typed, key) <= allowed) ||
  (sound !== "" && sound === soundOf(key));

// --- Weighing: as the register does ---

/** Every run of words that could be one name, each as one word. @param {string[]} words */
function namesOf(words) {
  const runs = words.flatMap((_, start) =>
    words.slice(start).map((__, length) => shorten(words.slice(start, start + length + 1).join(""))),
  );
  return [...new Set(runs)];
}

/** @param {any} keys @returns {[string, string][]} family name and given name, each way of saying them */
const waysOf = ({ family = [""], given = [""] }) =>
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

/** @param {Criteria} criteria @param {any} keys @param {string} family @param {string} given @returns {number} */
export function scoreWay(criteria, keys, family, given) {
  const readings = readingsOf(criteria).map(([families, givens]) => scoreReading(families, givens, family, given));
  let { points, weight } = readings.reduce((best, one) => (one.points > best.points ? one : best));
  if (criteria.streets.length > 0 || criteria.postcode) {
    points += WEIGHTS.where * scoreWhere(criteria, keys);
    weight += WEIGHTS.where;
  }
  if (criteria.bornOn || criteria.bornFrom) {
    points += WEIGHTS.born * scoreBorn(criteria, keys.born);
    weight += WEIGHTS.born;
  }
  return points / weight;
}

/** @param {string[]} families @param {string[]} givens @param {string} family @param {string} given */
function scoreReading(families, givens, family, given) {
  if (givens.length === 0) return { points: WEIGHTS.family * likeFamily(families, family), weight: WEIGHTS.family };
  if (families.length === 0)
    return { points: WEIGHTS.family * 0.85 * likeGiven(givens, given), weight: WEIGHTS.family };
  const points = WEIGHTS.family * likeFamily(families, family) + WEIGHTS.given * likeGiven(givens, given);
  return { points, weight: WEIGHTS.family + WEIGHTS.given };
}

/** @param {string[]} words @param {string} kept */
function likeFamily(words, kept) {
  const whole = likeness(shorten(words.join("")), kept);
  if (words.length === 1 || whole === 1) return whole;
  return Math.max(whole, 0, ...words.filter((word) => !PARTICLES.has(word)).map((word) => 0.95 * likeness(word, kept)));
}

/** A given name, one of several, or an initial. @param {string[]} words @param {string} kept */
function likeGiven(words, kept) {
  const alike = Math.max(...[...words, shorten(words.join(""))].map((word) => likeness(word, kept)));
  const hasInitial = words.some((word) => word.length === 1 && kept.startsWith(word));
  return hasInitial ? Math.max(alike, 0.85) : alike;
}

/** @param {Criteria} criteria @param {any} keys */
function scoreWhere({ streets, postcode }, keys) {
  if (postcode && postcode === keys.postcode) return 1;
  if (!keys.street) return 0.5;
  const alike = Math.max(0, ...streets.map((street) => likeness(street, keys.street)));
  return alike >= 0.6 ? alike : 0;
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

/** @param {[string, string]} first @param {[string, string]} second */
const areAlike = (first, second) => likeness(first[0], second[0]) >= 0.75 && likeness(first[1], second[1]) >= 0.75;
