/** What lies in the tablet's database: sealed, each row in its own place only, and whole pages or none (hazards H-53, H-55). */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Copies, KeyMissing, Overtaken, RowSpoilt } from "../../epaccs/static/js/tablet/copies.js";
import { buildCursors } from "../../epaccs/static/js/tablet/feed.js";
import { newSigningKey } from "../../epaccs/static/js/tablet/keys.js";
import { NoRoom } from "../../epaccs/static/js/tablet/store.js";
import { Device } from "./device.js";
import { answerTo, aPerson, aTablet, enrolled, Feed, Hands, PASSPHRASE, SCOPE } from "./register.js";

async function aFilledTablet(count = 3) {
  const tablet = await aTablet();
  const feed = new Feed();
  for (let number = 1; number <= count; number += 1) feed.put(aPerson(number));
  await pull(tablet.copies, feed);
  return { ...tablet, feed };
}

const pull = async (copies, feed, limit) => copies.take(await feed.page(buildCursors([...copies.places])[0], limit));
const versions = (copies) => new Map([...copies.people()].map(([id, one]) => [id, one.version]));

async function everything(store) {
  const kept = [];
  for (const name of ["rows", "index", "cursors", "meta"]) kept.push(await store.all(name));
  kept.push(await rowKeys(store));
  return JSON.stringify(kept, (_, value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value,
  );
}

test("people are read again after a lock, under the keys alone", async () => {
  const { vault, copies, feed } = await aFilledTablet();
  vault.lock();
  assert.equal(copies.people().size, 0);
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.deepEqual(versions(copies), feed.people());
  const known = copies.people().get(aPerson(2).id);
  assert.equal((await copies.openRow(known)).card.name, "CANARY, Person 2");
});

test("no name, number or id of a person lies in the clear", async () => {
  const { store } = await aFilledTablet();
  const kept = await everything(store);
  for (const secret of ["CANARY", "canary1", "9990000001", aPerson(1).id, "1941-01-06"])
    assert.equal(kept.includes(secret), false, secret);
});

test("the register is told the sum of what came last, of each scope", async () => {
  const { copies, feed } = await aFilledTablet();
  assert.deepEqual(copies.sums(), { [SCOPE]: await feed.sum() });
  await copies.startAgain();
  assert.deepEqual(copies.sums(), { [SCOPE]: "0000000000000000" });
});

test("a row in another's place does not open", async () => {
  const { store, copies } = await aFilledTablet();
  const keys = await store.get("meta", "device_id").then(() => rowKeys(store));
  const rows = await store.all("rows");
  await store.write(["rows"], (writing) => {
    for (const [place, key] of keys.entries()) writing.put("rows", key, rows[(place + 1) % rows.length]);
  });
  for (const known of copies.people().values()) await assert.rejects(copies.openRow(known), RowSpoilt);
});

test("an older row of the same person does not open in place of a newer one", async () => {
  const { store, copies, feed } = await aFilledTablet(1);
  const [key] = await rowKeys(store);
  const [old] = await store.all("rows");
  feed.put(aPerson(1, 2));
  await pull(copies, feed);
  await store.write(["rows"], (writing) => writing.put("rows", key, old));
  await assert.rejects(copies.openRow(copies.people().get(aPerson(1).id)), RowSpoilt);
});

test("a row that was changed on the disk does not open", async () => {
  const { store, copies } = await aFilledTablet(1);
  const [key] = await rowKeys(store);
  const row = await store.get("rows", key);
  new Uint8Array(row.box)[3] ^= 1;
  await store.write(["rows"], (writing) => writing.put("rows", key, row));
  await assert.rejects(copies.openRow(copies.people().get(aPerson(1).id)), RowSpoilt);
});

test("a copy of which rows are gone is not whole, and is fetched again beside the old one", async () => {
  const { store, copies, feed } = await aFilledTablet();
  assert.equal(await copies.isWhole(), true);
  const [key] = await rowKeys(store);
  await store.write(["rows"], (writing) => writing.remove("rows", key));
  assert.equal(await copies.isWhole(), false);
  await copies.startAgain();
  assert.equal(copies.people().size, 3);
  await pull(copies, feed);
  assert.equal(await copies.isWhole(), true);
  assert.equal((await store.all("rows")).length, 3);
});

test("a page for which there is no room leaves everything as it was", async () => {
  const { store, copies, feed } = await aFilledTablet();
  const before = await everything(store);
  feed.put(aPerson(9));
  const write = store.write.bind(store);
  store.write = (stores, work) =>
    write(stores, async (writing) => {
      await work(writing);
      throw new DOMException("full", "QuotaExceededError");
    });
  await assert.rejects(pull(copies, feed), NoRoom);
  store.write = write;
  assert.equal(await everything(store), before);
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
});

test("of two windows that fetched the same page, one writes", async () => {
  const { store, vault, copies, feed } = await aFilledTablet();
  const other = new Copies(store, vault);
  await other.load();
  feed.put(aPerson(9));
  await pull(copies, feed);
  await assert.rejects(pull(other, feed), Overtaken);
  await other.load();
  assert.deepEqual(versions(other), feed.people());
});

test("a scope that began again under another key waits for the key", async () => {
  const { vault, copies, feed } = await aFilledTablet();
  feed.epoch = "1.2.aa";
  await assert.rejects(pull(copies, feed), KeyMissing);
  assert.equal(copies.people().size, 3);
  await vault.renew(await answerTo("u1", { epoch: "1.2" }));
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
});

test("a half-filled copy is kept over a lock, and the old one is read meanwhile", async () => {
  const { vault, copies, feed } = await aFilledTablet(5);
  feed.epoch = "1.1.bb";
  await pull(copies, feed, 2);
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.equal(copies.people().size, 5);
  assert.deepEqual(buildCursors([...copies.places])[0].epoch, "1.1.bb");
  await pull(copies, feed, 2);
  await pull(copies, feed, 2);
  assert.equal(copies.places[0].next, null);
});

test("each page adds one piece to the index, and after many it is written whole again", async () => {
  const { store, vault, copies, feed } = await aFilledTablet();
  for (let number = 4; number <= 70; number += 1) {
    feed.put(aPerson(number));
    if (number % 5 === 0) feed.drop(aPerson(number - 3).id);
    await pull(copies, feed);
  }
  assert.equal((await store.all("index")).length, 4);
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.deepEqual(versions(copies), feed.people());
});

test("a page that tells of one person seals no other again", async () => {
  const { store, copies, feed } = await aFilledTablet(300);
  feed.put(aPerson(7, 2));
  await pull(copies, feed);
  const [first, second] = (await store.all("index")).map((piece) => piece.box.byteLength);
  assert.ok(second < first / 100, `${second} of ${first} bytes`);
});

test("an index of which a piece is gone or moved is not read as if it were whole", async () => {
  for (const spoil of [
    (writing, [first]) => writing.remove("index", first),
    (writing, [first], [, second]) => writing.put("index", first, second),
  ]) {
    const { store, vault, copies, feed } = await aFilledTablet();
    feed.put(aPerson(9));
    await pull(copies, feed);
    const pieces = await store.all("index");
    await store.write(["index"], async (writing) => spoil(writing, await writing.keys("index"), pieces));
    vault.lock();
    await vault.unlock("u1", PASSPHRASE);
    await copies.load();
    assert.equal(copies.places[0].current, null);
    assert.equal(copies.people().size, 0);
  }
});

test("whoever made something of everybody's keys is told when it no longer holds", async () => {
  const { copies, feed } = await aFilledTablet();
  const before = copies.changes;
  await pull(copies, feed);
  assert.equal(copies.changes, before);
  feed.put(aPerson(1, 2));
  await pull(copies, feed);
  assert.ok(copies.changes > before);
});

test("what no user may read any more is thrown away", async () => {
  const { store, copies } = await aFilledTablet();
  await copies.tidy([copies.places[0].name]);
  assert.equal((await store.all("rows")).length, 3);
  await copies.tidy([]);
  for (const name of ["rows", "index", "cursors"]) assert.deepEqual(await store.all(name), []);
});

test("another user of the same audience reads the same rows; of another tier they are copies of their own", async () => {
  const { vault, copies } = await aFilledTablet();
  const { secret } = await newSigningKey();
  await enrolled(vault, await answerTo("u2"), "five slow brown bears here", secret);
  await copies.load();
  assert.equal(copies.people().size, 3);
  await enrolled(vault, await answerTo("u3", { tier: "full" }), "six small red foxes here", secret);
  await copies.load();
  assert.equal(copies.people().size, 0);
  assert.deepEqual(buildCursors([...copies.places]), [{ scope: SCOPE, tier: "full", epoch: null, number: 0 }]);
});

// --- Room ---

const untouched = { put: IDBObjectStore.prototype.put, delete: IDBObjectStore.prototype.delete };
afterEach(() => Object.assign(IDBObjectStore.prototype, untouched));

const withPlan = (number, version = 1) => ({
  ...aPerson(number, version),
  plan: { words: `CANARY ${number}`.repeat(50) },
});

/** A tablet that holds whole plans, on a device whose room is counted. */
async function aFullerTablet(count) {
  const device = new Device().starts();
  const tablet = await aTablet("u1", new Hands(), { tier: "full" });
  const feed = new Feed();
  feed.tier = "full";
  for (let number = 1; number <= count; number += 1) feed.put(withPlan(number));
  await pull(tablet.copies, feed);
  return { ...tablet, feed, device };
}

const read = (copies, number) => copies.openRow(copies.people().get(aPerson(number).id));

test("what the forms of a plan hold lies sealed with the plan, and comes and goes with it", async () => {
  const { copies, feed, store } = await aFullerTablet(1);
  const answers = { places: { version: 3, said: { place: "CANARY hospice" } } };
  feed.put({ ...withPlan(2), answers });
  await pull(copies, feed);
  assert.equal((await read(copies, 1)).answers, null);
  assert.deepEqual((await read(copies, 2)).answers, answers);
  assert.equal(JSON.stringify(await store.all("rows")).includes("CANARY"), false);
});

test("plans make way for cards, those first that nobody looked at for longest", async () => {
  const { copies, feed, device } = await aFullerTablet(30);
  for (const number of [4, 9]) await read(copies, number);
  for (let number = 31; number <= 36; number += 1) feed.put(withPlan(number));
  device.fillsUpTo(3000);
  await pull(copies, feed);
  assert.equal(await copies.missingPlans(), 25);
  for (const number of [4, 9, 31, 36]) assert.equal((await read(copies, number)).isPlanAway, false, number);
  let away = 0;
  for (let number = 1; number <= 36; number += 1) {
    const { card, plan, isPlanAway } = await read(copies, number);
    assert.equal(card.name, `CANARY, Person ${number}`);
    if (isPlanAway) away += 1;
    else assert.equal(plan.words, withPlan(number).plan.words);
  }
  assert.equal(away, 25);
  assert.equal(await copies.isWhole(), true);
});

test("where no plan is left to make way, cards are taken without theirs", async () => {
  const { copies, feed, device } = await aFullerTablet(2);
  await copies.makeRoom();
  device.fillsUpTo(400);
  feed.put(withPlan(1, 2));
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
  const { card, plan, isPlanAway } = await read(copies, 1);
  assert.deepEqual([card.name, plan, isPlanAway], ["CANARY, Person 1", null, true]);
});

test("plans that made way come again beside what is there", async () => {
  const { copies, feed } = await aFullerTablet(3);
  await copies.makeRoom();
  assert.equal(await copies.missingPlans(), 3);
  await copies.fetchPlansAgain();
  assert.equal((await read(copies, 2)).card.name, "CANARY, Person 2");
  await pull(copies, feed);
  assert.equal(await copies.missingPlans(), 0);
  assert.equal((await read(copies, 2)).plan.words, withPlan(2).plan.words);
});

test("when there is no room for them after all, what is there stays, and only that", async () => {
  const { store, copies, feed, device } = await aFullerTablet(3);
  await copies.makeRoom();
  await copies.fetchPlansAgain();
  device.fillsUpTo(500);
  await assert.rejects(pull(copies, feed), NoRoom);
  assert.equal(copies.places[0].next, null);
  assert.deepEqual(versions(copies), feed.people());
  assert.equal((await store.all("rows")).length, 3);
  device.fillsUpTo(Number.POSITIVE_INFINITY);
  feed.put(withPlan(4));
  await pull(copies, feed);
  assert.deepEqual(versions(copies), feed.people());
  assert.equal(await copies.missingPlans(), 3);
});

test("a plan in another's place, or changed on the disk, does not open", async () => {
  const { store, copies } = await aFullerTablet(2);
  const [one, other] = await store.all("plans");
  const keys = await rowKeys(store);
  await store.write(["plans"], (writing) => {
    writing.put("plans", keys[0], other);
    writing.put("plans", keys[1], one);
  });
  for (const number of [1, 2]) await assert.rejects(read(copies, number), RowSpoilt);
});

test("a scope that is taken away takes its plans along", async () => {
  const { store, copies } = await aFullerTablet(2);
  await copies.revoke(SCOPE);
  for (const name of ["rows", "plans", "index"]) assert.deepEqual(await store.all(name), [], name);
});

async function rowKeys(store) {
  const keys = [];
  await store.write(["rows"], async (writing) => {
    keys.push(...(await writing.keys("rows")));
  });
  return keys;
}
