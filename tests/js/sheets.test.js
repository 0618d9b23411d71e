/** A tablet says whether a sheet was altered and what it knows beside it, never that the sheet still holds (hazard H-70). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findInitials, judgeSheet } from "../../epaccs/static/js/tablet/sheets.js";

/** Made by the register: `tests/stamps/test_rules.py`. */
const TABLE = JSON.parse(readFileSync(new URL("./stamps.json", import.meta.url), "utf8"));
const [{ stamp }] = TABLE.stamps;
const SCANNED = `https://register.example/check/7K4P-93XQ#${stamp}`;
const NOW = Date.parse("2026-11-23T14:02:00Z");
const LINES = { 1: "Not for CPR" };

/** Grace Okonkwo, as the sheet has her; `cpr` and `version`: what the tablet holds. */
const grace = ({ cpr = 3, version = 142, ...shown } = {}) => ({
  id: "grace",
  version,
  keys: {
    nhs: "9990000018",
    born: "1942-01-06",
    versions: { cpr },
    shown: { family_name: "Okonkwo", given_name: "Grace", ...shown },
  },
});

const judge = (scanned = SCANNED, around = {}) =>
  judgeSheet(scanned, { keys: TABLE.keys, people: [grace()], open: null, now: NOW, lines: LINES, ...around });

test("a genuine sheet says what should stand on it, and that this does not make it the current one", async () => {
  const { heading, isAlarm, facts, notes, person } = await judge();

  assert.equal(heading, "The square code was not altered");
  assert.equal(isAlarm, false);
  assert.deepEqual(facts, [
    ["The sheet says about CPR", "Not for CPR"],
    ["Sheet", "7K4P-93XQ"],
    ["Valid as at", "20-Nov-2026 14:02, 3 days ago"],
    ["Initials", "GO"],
    ["Born in", "1942"],
    ["NHS number ends with", "0018"],
  ]);
  assert.equal(person?.id, "grace");
  assert.match(notes.join(" "), /Compare each of these with the paper/);
  assert.match(notes.join(" "), /holds nothing newer about the person/);
  assert.match(notes.join(" "), /Whether the sheet still holds only the register knows/);
});

test("a newer decision on the tablet, and a death, are alarms", async () => {
  const newer = await judge(SCANNED, { people: [grace({ cpr: 4, version: 150 })] });
  assert.equal(newer.heading, "Do not rely on this paper");
  assert.match(newer.alarms.join(" "), /newer CPR decision than this sheet/);

  const dead = await judge(SCANNED, { people: [grace({ version: 150, died_on: "2026-11-21" })] });
  assert.match(dead.alarms.join(" "), /has died, or was reported to have died/);
});

test("after any change of the record nothing says that the line stands: doubt is no other version of the decision", async () => {
  const { heading, isAlarm, notes } = await judge(SCANNED, { people: [grace({ version: 143 })] });

  assert.equal(heading, "Not altered, but the record has changed since");
  assert.equal(isAlarm, false);
  assert.match(notes[0], /What the sheet says about CPR may be different now: open the record/);
});

test("a tablet that is older than the sheet says so", async () => {
  const { heading, notes } = await judge(SCANNED, { people: [grace({ version: 141 })] });
  assert.equal(heading, "The square code was not altered");
  assert.match(notes[0], /The sheet is newer than what this tablet holds/);
});

test("a sheet of somebody else than whose record is open is an alarm that says what differs", async () => {
  const other = { ...grace({ given_name: "Esther" }), id: "esther" };
  const { isAlarm, alarms, person } = await judge(SCANNED, { open: other, people: [grace(), other] });
  assert.equal(isAlarm, true);
  assert.equal(
    alarms[0],
    "This sheet does not fit OKONKWO, whose record is open: initials EO, born in 1942, NHS number ends with 0018.",
  );
  assert.equal(person?.id, "grace");

  assert.equal((await judge(SCANNED, { open: grace() })).isAlarm, false);
});

test("of two who fit, the one whose record is open is meant", async () => {
  const [open, twin] = [grace(), { ...grace({ cpr: 9, version: 999 }), id: "twin" }];
  const { person, isAlarm } = await judge(SCANNED, { open, people: [twin, open] });
  assert.equal(person?.id, "grace");
  assert.equal(isAlarm, false);

  const newer = await judge(SCANNED, { open, people: [twin, grace({ cpr: 4, version: 150 })] });
  assert.match(newer.alarms.join(" "), /newer CPR decision than this sheet/);
});

test("each fact of the person must fit", async () => {
  const fits = grace();
  for (const keys of [{ nhs: "9990000026" }, { nhs: undefined }, { born: "1941-01-06" }, { born: undefined }]) {
    const { person } = await judge(SCANNED, { people: [{ ...fits, keys: { ...fits.keys, ...keys } }] });
    assert.equal(person, null);
  }
});

test("whoever is not on the tablet, or is one of two who fit, is nobody here", async () => {
  for (const people of [[], [grace(), { ...grace(), id: "another" }]]) {
    const { person, notes, isAlarm } = await judge(SCANNED, { people });
    assert.equal(person, null);
    assert.equal(isAlarm, false);
    assert.match(notes.join(" "), /cannot know whether there is anything newer/);
  }
});

test("a sheet from the future is an alarm", async () => {
  const { isAlarm, alarms } = await judge(SCANNED, { now: Date.parse("2026-11-20T13:50:00Z") });
  assert.equal(isAlarm, true);
  assert.match(alarms.join(" "), /later than now: a clock was wrong/);
});

test("a line of a later program is read from the paper", async () => {
  const { facts } = await judge(SCANNED, { lines: {} });
  assert.deepEqual(facts[0], [
    "The sheet says about CPR",
    "A line that this program does not know: read the paper, and ring",
  ]);
});

for (const [what, scanned, around, words] of [
  ["altered", SCANNED.replace(stamp.slice(60, 62), stamp.slice(60, 62) === "AA" ? "BB" : "AA"), {}, /was altered/],
  [
    "of another register",
    SCANNED.replace(stamp, TABLE.elsewhere),
    {},
    /signed by somebody whom this tablet does not know/,
  ],
  ["of a withdrawn key", SCANNED, { keys: [{ ...TABLE.keys[0], withdrawn: true }] }, /not trusted any more/],
  ["of two sheets", SCANNED.replace("7K4P", "7K4Q"), {}, /put together from two sheets/],
  ["something else", "https://elsewhere.example/menu", {}, /not the square code of a sheet/],
  ["a number alone", "https://register.example/check/7K4P-93XQ", {}, /That of a list is right so; that of a sheet/],
  ["of a stamp cut off", "https://register.example/check/7K4P-93XQ#", {}, /not the square code of a sheet/],
  ["nothing", "", {}, /not the square code of a sheet/],
  ["read before the keys came", SCANNED, { keys: [] }, /has not been told what sheets are signed with/],
]) {
  test(`a code that is ${what} is not believed, and nothing of it is shown`, async () => {
    const { isAlarm, alarms, facts, person } = await judge(scanned, around);
    assert.equal(isAlarm, true);
    assert.match(alarms.join(" "), words);
    assert.match(alarms.join(" "), /Look for the signed form/);
    assert.deepEqual([facts, person], [[], null]);
  });
}

for (const [given, family, initials] of TABLE.initials) {
  test(`initials as on the register: ${given} ${family}`, () => assert.equal(findInitials(given, family), initials));
}
