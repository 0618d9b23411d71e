/** A page counts whole or not at all, and after any mixture of pages a copy is what the register has. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  applyPage,
  buildCursors,
  isInDoubt,
  MISMATCHES,
  RESTARTS,
  readPage,
  sumOf,
} from "../../epaccs/static/js/tablet/feed.js";
import { aPerson, Feed, SCOPE, written } from "./register.js";

const NDJSON = "application/x-ndjson; charset=utf-8";
const newPlace = () => [{ name: "here", scope: SCOPE, tier: "card", current: null, next: null }];
const newCopyId = () => crypto.randomUUID();
const versions = (place) => new Map([...(place.current?.people ?? [])].map(([id, one]) => [id, one.version]));

async function pull(places, feed, limit = 500) {
  let page = await feed.page(buildCursors(places)[0], limit);
  let now = (await applyPage(places, page, newCopyId)).places;
  while (page.closing.more) {
    page = await feed.page(buildCursors(now)[0], limit);
    now = (await applyPage(now, page, newCopyId)).places;
  }
  return now;
}

test("a whole page is read", async () => {
  const feed = new Feed();
  feed.put(aPerson(1));
  const page = readPage(NDJSON, written(await feed.page({ epoch: null, number: 0 })));
  assert.equal(page.lines.length, 1);
  assert.equal(page.closing.more, false);
});

test("a page that is cut anywhere is as if it had not come", async () => {
  const feed = new Feed();
  for (let number = 1; number <= 3; number += 1) feed.put(aPerson(number));
  const whole = written(await feed.page({ epoch: null, number: 0 }));
  for (let length = 0; length < whole.length - 2; length += 1)
    assert.equal(readPage(NDJSON, whole.slice(0, length)), null, `${length}`);
});

test("the page of a captive portal is not read, and neither is one with a line missing or twice", async () => {
  const feed = new Feed();
  feed.put(aPerson(1));
  feed.put(aPerson(2));
  const page = await feed.page({ epoch: null, number: 0 });
  assert.equal(readPage("text/html", written(page)), null);
  assert.equal(readPage(null, written(page)), null);
  assert.equal(readPage(NDJSON, written({ ...page, lines: page.lines.slice(1) })), null);
  assert.equal(readPage(NDJSON, written({ ...page, lines: [...page.lines, page.lines[0]] })), null);
  assert.equal(readPage(NDJSON, `${written(page)}{"op":"put"`), null);
});

test("the copy that is read stays until the new one is whole", async () => {
  const feed = new Feed();
  for (let number = 1; number <= 5; number += 1) feed.put(aPerson(number));
  const before = await pull(newPlace(), feed);
  feed.epoch = "1.2.aa";
  const page = await feed.page(buildCursors(before)[0], 2);
  const during = await applyPage(before, page, newCopyId);
  assert.equal(during.places[0].current.people.size, 5);
  assert.equal(during.places[0].next.people.size, 2);
  const after = await pull(during.places, feed, 2);
  assert.equal(after[0].next, null);
  assert.equal(after[0].current.epoch, "1.2.aa");
  assert.deepEqual(versions(after[0]), feed.people());
});

test("a copy whose sum differs twice is started again, and is not called fresh meanwhile", async () => {
  const feed = new Feed();
  feed.put(aPerson(1));
  const [place] = await pull(newPlace(), feed);
  place.current.people.clear();
  place.current.asAt = 5;
  const once = (await applyPage([place], await feed.page(buildCursors([place])[0]), newCopyId)).places;
  assert.equal(once[0].current.asAt, 5);
  assert.equal(once[0].next, null);
  const twice = (await applyPage(once, await feed.page(buildCursors(once)[0]), newCopyId)).places;
  assert.deepEqual(buildCursors(twice), [{ scope: SCOPE, tier: "card", epoch: null, number: 0 }]);
  const mended = await pull(twice, feed);
  assert.deepEqual(versions(mended[0]), feed.people());
});

/** A register whose sum is never this tablet's. */
class WrongFeed extends Feed {
  async sum() {
    return "0000000000000001";
  }
}

test("a copy that goes on disagreeing is started again so often and no more; then it is read, as old as the last that agreed, and in doubt", async () => {
  const feed = new Feed();
  feed.put(aPerson(1));
  let places = await pull(newPlace(), feed);
  const agreedAt = places[0].current.asAt;
  const wrong = Object.assign(new WrongFeed(), { rows: feed.rows, number: feed.number });
  wrong.put(aPerson(2));
  let asked = 0;
  for (let round = 0; round < 20; round += 1) {
    if (buildCursors(places)[0].epoch === null) asked += 1;
    places = await pull(places, wrong);
  }
  assert.equal(asked, RESTARTS);
  assert.ok(isInDoubt(places[0].current));
  assert.equal(places[0].next, null);
  assert.equal(places[0].current.asAt, agreedAt);
  assert.deepEqual(versions(places[0]), wrong.people());
});

test("a copy that was in doubt and agrees again is in doubt no more", async () => {
  const wrong = new WrongFeed();
  wrong.put(aPerson(1));
  let places = newPlace();
  for (let round = 0; round < (RESTARTS + 1) * MISMATCHES; round += 1) places = await pull(places, wrong);
  assert.ok(isInDoubt(places[0].current));
  assert.equal(places[0].current.asAt, 0);
  const right = Object.assign(new Feed(), { rows: wrong.rows, number: wrong.number });
  places = await pull(places, right);
  assert.ok(!isInDoubt(places[0].current));
  assert.ok(places[0].current.asAt > 0);
});

test("how many people have no room on the tablet is kept with the copy", async () => {
  const feed = new Feed();
  feed.put(aPerson(1));
  const page = await feed.page(buildCursors(newPlace())[0]);
  page.closing.cursors[0].left_out = 37;
  const { places } = await applyPage(newPlace(), page, newCopyId);
  assert.equal(places[0].current.leftOut, 37);
  assert.equal((await pull(places, feed))[0].current.leftOut, 0);
});

test("lines of a scope that is not here are left out", async () => {
  const page = await new Feed().page({ epoch: null, number: 0 });
  page.lines.push({ op: "put", scope: "elsewhere", ...aPerson(1) });
  const change = await applyPage(newPlace(), page, newCopyId);
  assert.deepEqual(change.puts, []);
});

test("a command is handed on", async () => {
  const page = await new Feed().page({ epoch: null, number: 0 });
  page.lines.push({ op: "command", id: "c1", do: "erase" });
  assert.deepEqual(
    (await applyPage(newPlace(), page, newCopyId)).commands.map((one) => one.do),
    ["erase"],
  );
});

const step = fc.oneof(
  fc.record({ put: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ drop: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ pull: fc.integer({ min: 1, max: 4 }), lost: fc.boolean() }),
  fc.record({ epoch: fc.constantFrom("1.1.aa", "1.2.aa", "1.2.bb") }),
);

/** @returns {Promise<any[]>} the places after one step */
async function take(one, feed, places) {
  if (one.put) feed.put(aPerson(one.put, feed.number + 1));
  if (one.drop) feed.drop(aPerson(one.drop).id);
  if (one.epoch) feed.epoch = one.epoch;
  if (!one.pull) return places;
  const change = await applyPage(places, await feed.page(buildCursors(places)[0], one.pull), newCopyId);
  return one.lost ? places : change.places;
}

test("after any mixture of changes, lost pages and new epochs, the copy is what the register has", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const feed = new Feed();
      let places = newPlace();
      for (const one of steps) places = await take(one, feed, places);
      const [place] = await pull(places, feed, 3);
      assert.deepEqual(versions(place), feed.people());
      assert.equal(sumOf(place.current.people), await feed.sum());
    }),
    { numRuns: 150 },
  );
});
