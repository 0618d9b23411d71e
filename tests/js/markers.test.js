/** A tablet says whose marker it is if they are on it, and nothing else: never of CPR, never that it is a sheet (hazard H-74). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { judgeMarker, readMarker } from "../../epaccs/static/js/tablet/markers.js";
import { judgeSheet } from "../../epaccs/static/js/tablet/sheets.js";

/** Made by the register: `tests/markers/test_rules.py`. */
const TABLE = JSON.parse(readFileSync(new URL("./markers.json", import.meta.url), "utf8"));
const [{ code, entry_id: GRACE, digest }, another] = TABLE;
const SCANNED = `https://register.example/m/${code.slice(0, 5)}-${code.slice(5)}#${digest}`;

/** Somebody on the tablet. */
const aPerson = (id, given_name, shown = {}) => ({
  id,
  version: 142,
  keys: {
    nhs: "9990000018",
    born: "1942-01-06",
    versions: { cpr: 3 },
    shown: { family_name: "Okonkwo", given_name, ...shown },
  },
});
const grace = aPerson(GRACE, "Grace");
const esther = aPerson("019a0000-0000-7000-8000-0000000000e5", "Esther");

const judge = (scanned = SCANNED, { people = [esther, grace], open = null } = {}) =>
  judgeMarker(readMarker(scanned), { people, open });

test("a marker of somebody on the tablet says who that is, and to compare them", async () => {
  const { heading, isAlarm, alarms, facts, notes, person } = await judge();

  assert.equal(person?.id, GRACE);
  assert.equal(heading, "A marker of this person");
  assert.deepEqual([isAlarm, alarms], [false, []]);
  assert.deepEqual(facts, [
    ["Name", "OKONKWO, Grace"],
    ["Born", "06-Jan-1942"],
    ["NHS No.", "999 000 0018"],
  ]);
  assert.match(notes.join(" "), /where it was hung, not who lies there/);
});

for (const row of TABLE) {
  test(`a marker is found as the register made it: ${row.code}`, async () => {
    const marker = { code: row.code, digest: row.digest };
    const { person } = await judgeMarker(marker, { people: [esther, aPerson(row.entry_id, "Ben")], open: null });
    assert.equal(person?.id, row.entry_id);
  });
}

test("of twenty thousand people it is the one it was printed for, and nobody waits long", async () => {
  const others = Array.from({ length: 20_000 }, (_, number) =>
    aPerson(`019a0000-0000-7000-8000-${String(number).padStart(12, "0")}`, "Ada"),
  );
  const began = performance.now();
  const { person } = await judge(SCANNED, { people: [grace, ...others] });

  assert.equal(person?.id, GRACE);
  assert.ok(performance.now() - began < 5000);
});

test("a marker of somebody else than whose record is open is an alarm", async () => {
  const { heading, isAlarm, alarms, person } = await judge(SCANNED, { open: esther });

  assert.equal(heading, "A marker of somebody else");
  assert.equal(isAlarm, true);
  assert.equal(
    alarms[0],
    "This marker is not of OKONKWO, Esther, whose record is open. Compare who is in front of you.",
  );
  assert.equal(person?.id, GRACE);

  const own = await judge(SCANNED, { open: grace });
  assert.deepEqual([own.isAlarm, own.heading], [false, "A marker of this person"]);
});

test("a marker of nobody on the tablet says so, and is an alarm beside an open record", async () => {
  const { heading, isAlarm, facts, notes, person } = await judge(SCANNED, { people: [esther] });
  assert.equal(heading, "Nobody on this tablet has this marker");
  assert.deepEqual([isAlarm, facts, person], [false, [], null]);
  assert.match(notes.join(" "), /may be on the register and not on this tablet/);
  assert.match(notes.join(" "), /does not mean that there is no CPR decision/);

  const beside = await judge(SCANNED, { people: [esther], open: esther });
  assert.equal(beside.heading, "Nobody on this tablet has this marker");
  assert.match(beside.alarms.join(" "), /not of OKONKWO, Esther, whose record is open/);
});

for (const [what, scanned] of [
  ["without its digest", SCANNED.split("#")[0]],
  ["with half a digest", SCANNED.slice(0, -8)],
  ["with a digest too long", `${SCANNED}A`],
]) {
  test(`a marker that was read ${what} finds nobody and accuses nobody`, async () => {
    const { heading, isAlarm, alarms, person } = await judge(scanned, { open: esther });
    assert.equal(heading, "This marker was not read whole");
    assert.deepEqual([isAlarm, alarms, person], [false, [], null]);
  });
}

test("the digest of another marker, or another code before it, finds nobody", async () => {
  const swapped = `${SCANNED.slice(0, -16)}${another.digest}`;
  const altered = SCANNED.replace(code.slice(0, 5), another.code.slice(0, 5));
  for (const scanned of [swapped, altered]) assert.equal((await judge(scanned)).person, null);
});

test("a death is said beside the name", async () => {
  const { notes, isAlarm } = await judge(SCANNED, { people: [aPerson(GRACE, "Grace", { died_on: "2026-11-21" })] });
  assert.match(notes[0], /Died, or reported to have died, 21-Nov-2026/);
  assert.equal(isAlarm, false);
});

test("a marker is never taken for a sheet, nor a sheet for a marker", async () => {
  const around = { keys: [], people: [grace], open: null, now: 0, lines: {} };
  assert.equal((await judgeSheet(SCANNED, around)).heading, "This is no code of a sheet");

  for (const other of [
    `https://register.example/check/7K4P-93XQ#${"A".repeat(128)}`,
    "https://register.example/check/7K4P-93XQ",
    "https://register.example/m/",
    "https://elsewhere.example/menu",
    `https://elsewhere.example/#/m/${code.slice(0, 5)}-${code.slice(5)}#${digest}`,
    code,
    "",
  ])
    assert.equal(readMarker(other), null, other);
});

test("nothing that a marker says is about CPR, but that silence is no answer", async () => {
  const all = [await judge(), await judge(SCANNED, { open: esther }), await judge(SCANNED, { open: grace })];
  for (const { heading, alarms, facts, notes } of all)
    assert.doesNotMatch(JSON.stringify([heading, alarms, facts, notes]), /CPR|resuscitat|sheet/i);
});
