/** A home's list is whole or not shown, says as of when it is, and ends with the lock (hazard H-61). */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Audit } from "../../epaccs/static/js/tablet/audit.js";
import {
  findHomes,
  listResidents,
  NOT_ON_IT,
  oldestCopy,
  Rounds,
  readCompared,
  Seen,
} from "../../epaccs/static/js/tablet/rounds.js";
import { aTablet, HOUR, NOON, newLock, PASSPHRASE } from "./register.js";

const HILL = { id: "h1", name: "Hill House" };
const LIMES = { id: "h2", name: "The Limes" };

const known = (id, home, { room = "", family = `family${id}`, given = "grace", asAt = NOON } = {}) => ({
  id,
  version: 1,
  asAt,
  keys: {
    family: [family],
    given: [given],
    born: "1941-01-06",
    shown: {},
    ...(home ? { home: { ...home, room } } : {}),
  },
});

test("homes are those of the people on the tablet, by name, each with how many", () => {
  const people = [known("1", LIMES), known("2", HILL), known("3", LIMES), known("4", null)];
  assert.deepEqual(findHomes(people), [
    { ...HILL, people: 1 },
    { ...LIMES, people: 2 },
  ]);
});

test("a round goes by room and then by name, and holds nobody of elsewhere", () => {
  const people = [
    known("1", HILL, { room: "Room 10" }),
    known("2", HILL, { room: "Room 2", family: "wood" }),
    known("3", HILL, { room: "Room 2", family: "bell" }),
    known("4", HILL),
    known("5", HILL, { room: "room b" }),
    known("6", LIMES, { room: "Room 1" }),
    known("7", null),
  ];
  const list = listResidents(people, "h1", 60);
  assert.deepEqual(
    list.map((one) => one.known.id),
    ["5", "3", "2", "1", "4"],
  );
});

test("a list of more than policy allows is not shown in part", () => {
  const people = [known("1", HILL), known("2", HILL), known("3", HILL)];
  assert.equal(listResidents(people, "h1", 2), null);
  assert.equal(listResidents(people, "h1", 3).length, 3);
});

test("residents who are easily taken for each other are marked", () => {
  const people = [
    known("1", HILL, { family: "wood", given: "jean" }),
    known("2", HILL, { family: "woods", given: "jean" }),
    known("3", HILL, { family: "okonkwo", given: "jean" }),
    known("4", LIMES, { family: "okonkwo", given: "jean" }),
  ];
  assert.deepEqual(
    listResidents(people, "h1", 60).map((one) => [one.known.id, one.hasSimilar]),
    [
      ["3", false],
      ["1", true],
      ["2", true],
    ],
  );
});

test("a list is as old as the oldest copy on it, and not complete while one is still coming", () => {
  const people = [known("1", HILL, { asAt: NOON }), known("2", HILL, { asAt: NOON - HOUR })];
  const list = listResidents(people, "h1", 60);
  assert.equal(oldestCopy(list, [{ current: {} }]), NOON - HOUR);
  assert.equal(oldestCopy(list, [{ current: {} }, { current: null }]), null);
  assert.equal(oldestCopy(listResidents([known("3", HILL, { asAt: 0 })], "h1", 60), [{ current: {} }]), null);
  assert.match(NOT_ON_IT, /not on the register.*restricted.*not on this list/);
});

test("nobody's card opens in a round before they were compared with who is there", () => {
  assert.equal(readCompared([], false), null);
  assert.equal(readCompared(["name"], false), null);
  assert.deepEqual(readCompared(["name", "born"], false), ["name", "born"]);
  assert.deepEqual(readCompared(["name"], true), []);
});

/** A tablet in a home, as far as a round needs it. */
async function aVisit(most = 60) {
  const tablet = await aTablet();
  const audit = new Audit(tablet.store, tablet.vault, newLock());
  const people = new Map([known("1", HILL), known("2", HILL)].map((one) => [one.id, one]));
  const opened = [];
  const openCard = async (one, why) => opened.push([one.id, why]);
  const visited = { ...tablet, audit, people, openCard, policy: { rounds: { most_residents: most } } };
  return { ...visited, opened, rounds: new Rounds(visited) };
}

test("a round begins with a reason, which is on the disk before the list is shown", async () => {
  const { rounds, audit, opened } = await aVisit();
  assert.equal(rounds.residents(), null);
  const [home] = rounds.homes();
  await rounds.begin(home, "cannot_ask");
  assert.equal((await audit.waiting()).length, 1);
  assert.equal(rounds.residents().length, 2);
  await rounds.open(rounds.residents()[0].known, ["name", "born"]);
  assert.deepEqual(opened, [["1", { reason: "cannot_ask", identifiers: ["name", "born"] }]]);
});

test("whoever goes on no rounds by policy sees no home and begins none", async () => {
  const { rounds, audit } = await aVisit(0);
  assert.deepEqual(rounds.homes(), []);
  await rounds.begin({ ...HILL, people: 2 }, "cannot_ask");
  assert.equal(rounds.round, null);
  assert.equal((await audit.waiting()).length, 0);
});

test("a round ends with the lock", async () => {
  const { rounds, vault } = await aVisit();
  await rounds.begin(rounds.homes()[0], "cannot_ask");
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
  assert.equal(rounds.round, null);
  assert.equal(rounds.residents(), null);
});

test("a round ends with the lease", async () => {
  const { rounds, vault, hands } = await aVisit();
  await rounds.begin(rounds.homes()[0], "cannot_ask");
  hands.passes(19 * HOUR);
  assert.equal(rounds.residents(), null);
  assert.equal(vault.unlocked, null);
});

test("a round ends where another home is chosen", async () => {
  const { rounds } = await aVisit();
  await rounds.begin(rounds.homes()[0], "cannot_ask");
  rounds.end();
  assert.equal(rounds.residents(), null);
});

test("who was seen today lasts through the lock, for its author alone, and until tomorrow", async () => {
  const { store, vault } = await aTablet();
  const seen = new Seen(store, vault);
  await seen.note("22-Nov-2026", "1", NOON);
  await seen.note("22-Nov-2026", "2", NOON + 1);
  vault.lock();
  assert.equal((await seen.on("22-Nov-2026")).size, 0);
  await seen.note("22-Nov-2026", "3", NOON);
  await vault.unlock("u1", PASSPHRASE);
  assert.deepEqual(
    [...(await seen.on("22-Nov-2026"))],
    [
      ["1", NOON],
      ["2", NOON + 1],
    ],
  );
  assert.equal((await seen.on("23-Nov-2026")).size, 0);
  assert.deepEqual(Object.keys(await store.meta("seen|u1")).sort(), ["box", "iv"]);
});
