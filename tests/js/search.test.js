/** The right person is found as on the register itself, misspelt too; nobody leafs through people (hazards H-01, H-14). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readCriteria } from "../../epaccs/static/js/tablet/criteria.js";
import { distance, fold, postcodeKey, soundOf, streetKey } from "../../epaccs/static/js/tablet/fold.js";
import { nearDays, SearchIndex, SHOWN_LIMIT, scoreWay } from "../../epaccs/static/js/tablet/search.js";
import { Words } from "../../epaccs/static/js/tablet/words.js";

const TABLE = JSON.parse(readFileSync(new URL("./folding.json", import.meta.url), "utf8"));
const TODAY = TABLE.today;

for (const [what, work] of Object.entries({
  folded: fold,
  postcodes: postcodeKey,
  sounds: soundOf,
  streets: streetKey,
})) {
  for (const [text, expected] of TABLE[what]) {
    test(`${what} as on the register: ${text}`, () => assert.equal(work(text), expected));
  }
}

for (const [day, expected] of TABLE.near_days) {
  test(`days easily mistyped for ${day} as on the register`, () =>
    assert.deepEqual([...new Set(nearDays(day))].sort(), expected));
}

for (const [who, born, where, expected] of TABLE.scores) {
  test(`weighed as on the register: ${who}, ${born}, ${where}`, () => {
    const { criteria } = readCriteria({ who, born, where }, TODAY);
    const { family, given, ...keys } = TABLE.person;
    assert.equal(Number(scoreWay(criteria, keys, family, given).toFixed(6)), expected);
  });
}

const person = (id, family, given, more = {}) => ({
  id,
  keys: {
    nhs: `99900000${id}`,
    family: [family],
    given: [given],
    born: "1941-01-06",
    street: "station",
    postcode: "LS11AA",
    ...more,
  },
});

const PEOPLE = [
  person("18", "okonkwo", "grace"),
  person("26", "okonkwo", "grayce", { born: "1950-05-05" }),
  person("34", "ng", "li", { born: "1939-03-03", street: "mill" }),
  person("42", "smithjones", "anne", {
    family: ["smithjones", "smith", "jones"],
    given: ["anne", "annie"],
    street: "",
  }),
  { id: "unknown", keys: { shown: {} } },
];
const INDEX = new SearchIndex(PEOPLE);

function found(who, born = "", where = "") {
  const read = readCriteria({ who, born, where }, TODAY);
  return "refusals" in read
    ? read.refusals.map((one) => one.words)
    : INDEX.find(read.criteria).hits.map((hit) => hit.id);
}

for (const [name, typed, expected] of [
  ["the whole number", ["9990000018"], ["18"]],
  ["in any spacing", ["999 000-0018"], ["18"]],
  ["its first digits", ["99900000 2"], ["26"]],
  ["name and date of birth", ["Okonkwo", "06-Jan-1941"], ["18"]],
  ["letters changed places", ["Okonwko", "6/1/1941"], ["18"]],
  ["a letter left out", ["Okonko Grace", "1941"], ["18"]],
  ["the sound alone", ["Okonkwoh Grace", "06 January 1941"], ["18"]],
  ["the beginning of a name", ["Okon", "06-Jan-1941"], ["18"]],
  ["name and street", ["Okonkwo", "", "station rd"], ["18", "26"]],
  ["name and postcode", ["Jones", "", "ls1 1aa"], ["42"]],
  ["full name and age", ["Grace Okonkwo", "85"], ["18"]],
  ["a name of two letters", ["Ng", "03-Mar-1939"], ["34"]],
  ["another way of saying a given name", ["Annie Smith", "85"], ["42"]],
  ["the day and month swapped", ["Grace Okonkwo", "01-06-1941"], ["18"]],
  ["nobody", ["Zzyzx", "01-Feb-1922"], []],
]) {
  test(`found by ${name}`, () => assert.deepEqual(found(...typed).slice(0, Math.max(expected.length, 1)), expected));
}

for (const [typed, words] of [
  [["999"], "first 4 digits"],
  [["99900000181"], "only the 10 digits"],
  [["9990000019"], "do not fit together"],
  [["1111111111"], "do not fit together"],
  [["Okonkwo"], "Add the date of birth"],
  [["O", "06-Jan-1941"], "rest of the name"],
  [["Okonkwo", "85"], "given name"],
  [["", "06-Jan-1941"], "Enter an NHS number"],
  [["Okonkwo 12"], "not both"],
  [["Okonkwo", "31-Feb-1941"], "like 06-Jan-1941"],
  [["Okonkwo", "06-Jan-2941"], "like 06-Jan-1941"],
  [["Okonkwo", "1800"], "year of birth"],
  [["Okonkwo Grace", "200"], "at most 125"],
  [["Okonkwo", "", "!"], "name of the street"],
  [["a b c d e f g", "85"], "at most 6 words"],
  [["---", "85"], "NHS number"],
]) {
  test(`too little or wrong is answered with what to do: ${typed.join(", ")}`, () => {
    const [first = ""] = found(...typed);
    assert.ok(first.includes(words), first);
  });
}

test("at most twenty are shown, and that there are more is said", () => {
  const many = new SearchIndex(
    Array.from({ length: 30 }, (_, place) => person(String(10 + place), "okonkwo", "grace")),
  );
  const { criteria } = readCriteria({ who: "Okonkwo", born: "06-Jan-1941", where: "" }, TODAY);
  const { hits, hasMore } = many.find(criteria);
  assert.equal(hits.length, SHOWN_LIMIT);
  assert.equal(hasMore, true);
  assert.ok(hits.every((hit) => hit.hasSimilar));
});

test("a date of birth that differs is said, and so is a namesake who is not shown", () => {
  const { criteria } = readCriteria({ who: "Grace Okonkwo", born: "01-06-1941", where: "" }, TODAY);
  const [hit] = INDEX.find(criteria).hits;
  assert.equal(hit.bornDiffers, true);
  assert.equal(hit.hasSimilar, true);
});

test("ten thousand people are searched in no time", () => {
  const letters = "abcdefghijklmnopqrst";
  const name = (number) => [...String(number * 7919)].map((digit) => letters[Number(digit) * 2]).join("");
  const many = new SearchIndex(
    Array.from({ length: 10_000 }, (_, place) => person(String(place), name(place), name(place % 97))),
  );
  const { criteria } = readCriteria({ who: `${name(77)} ${name(9000)}`, born: "85", where: "" }, TODAY);
  const from = performance.now();
  many.find(criteria);
  assert.ok(performance.now() - from < 1000);
});

for (const [first, second, steps] of [
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["okonkwo", "okonwko", 1],
  ["ca", "abc", 3],
  ["kitten", "sitting", 3],
]) {
  test(`${first} and ${second} are ${steps} steps apart`, () => assert.equal(distance(first, second), steps));
}

test("looking through words finds whom comparing each of them would find", () => {
  const letters = "abcde";
  const word = (number) => [...String(number * 7919 + 13)].map((digit) => letters[Number(digit) % 5]).join("");
  const different = [...new Set(Array.from({ length: 400 }, (_, number) => word(number)))];
  const words = new Words();
  for (const [place, one] of different.entries()) words.add(one, place);
  for (const typed of different.slice(0, 60).map((one) => one.slice(1) + one[0])) {
    const allowed = typed.length <= 5 ? 1 : 2;
    const meant = different.flatMap((one, place) =>
      distance(typed, one) <= allowed ||
      (typed.length >= 3 && one.startsWith(typed)) ||
      (soundOf(typed) && soundOf(typed) === soundOf(one))
        ? [place]
        : [],
    );
    assert.deepEqual(words.near(typed), meant, typed);
  }
});

test("somebody who has a word twice is there once, and nobody has an empty one", () => {
  const words = new Words();
  for (const [word, place] of [
    ["smith", 1],
    ["smith", 1],
    ["smith", 2],
    ["", 3],
    [undefined, 4],
  ])
    words.add(word, place);
  assert.deepEqual(words.same("smith"), [1, 2]);
  assert.deepEqual(words.same(""), []);
});
