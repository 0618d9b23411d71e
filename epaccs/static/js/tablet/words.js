/**
 * The different words of one kind that people are found by, each once, with whoever has it. Looking through them for what
 * somebody could have meant costs little for a word that shares too few letters: it is passed over before it is compared.
 */

import { distance, soundOf } from "./fold.js";

/** @typedef {{ word: string, letters: number, sound: string, people: number[] }} Entry people: their places, in order */

const PREFIX = 3;

export class Words {
  /** @type {Map<string, Entry>} */
  #entries = new Map();

  /** @param {string | null | undefined} word @param {number} person their place */
  add(word, person) {
    if (!word) return;
    const entry = this.#entries.get(word);
    if (!entry) this.#entries.set(word, { word, letters: lettersOf(word), sound: soundOf(word), people: [person] });
    else if (entry.people.at(-1) !== person) entry.people.push(person);
  }

  /** @param {string} word @returns {readonly number[]} */
  same(word) {
    return this.#entries.get(word)?.people ?? [];
  }

  /** Whoever has a word that could have been meant: a typing error or two, the same sound, or its beginning. @param {string} typed @returns {number[]} */
  near(typed) {
    const wanted = {
      word: typed,
      letters: lettersOf(typed),
      sound: soundOf(typed),
      allowed: typed.length <= 5 ? 1 : 2,
    };
    const people = [];
    for (const entry of this.#entries.values()) if (isNear(wanted, entry)) people.push(...entry.people);
    return people;
  }
}

/** @param {{ word: string, letters: number, sound: string, allowed: number }} wanted @param {Entry} entry */
function isNear({ word, letters, sound, allowed }, entry) {
  if (sound !== "" && sound === entry.sound) return true;
  if (word.length >= PREFIX && entry.word.startsWith(word)) return true;
  return (
    Math.abs(word.length - entry.word.length) <= allowed &&
    count(letters & ~entry.letters) <= allowed &&
    count(entry.letters & ~letters) <= allowed &&
    distance(word, entry.word) <= allowed
  );
}

/** Which letters a word has, as bits; an error changes at most one each way. @param {string} word */
export function lettersOf(word) {
  let letters = 0;
  for (let place = 0; place < word.length; place += 1) letters |= 1 << (word.charCodeAt(place) & 31);
  return letters;
}

/** @param {number} bits @returns {number} how many are set */
function count(bits) {
  let [left, found] = [bits, 0];
  for (; left !== 0; found += 1) left &= left - 1;
  return found;
}
