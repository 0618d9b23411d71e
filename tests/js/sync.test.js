/** When the register is asked, and what follows from its answers: nothing of it may lose a word or mislead anybody. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Audit } from "../../epaccs/static/js/tablet/audit.js";
import { aboutNow } from "../../epaccs/static/js/tablet/contact.js";
import { Outbox } from "../../epaccs/static/js/tablet/outbox.js";
import { MOST_BYTES, Photos } from "../../epaccs/static/js/tablet/photos.js";
import { backoff, Sync } from "../../epaccs/static/js/tablet/sync.js";
import { readReply } from "../../epaccs/static/js/tablet/transport.js";
import { answerTo, aPerson, aTablet, Feed, NOON, newLock, PASSPHRASE, SCOPE, written } from "./register.js";

const DRAFT = {
  entry_id: aPerson(1).id,
  section: "cpr",
  kind: "original_seen",
  body: { place: "Here" },
  base_version: 1,
  decided_at: "2026-11-21T11:30:00.000000Z",
  seen: { version: 1, as_at: "2026-11-21T11:00:00.000000Z" },
  reason: "emergency",
  identifiers_checked: [],
};

const reply = (status, body, type = "application/json", headers = {}) =>
  readReply(
    status,
    new Headers({ "Content-Type": type, ...headers }),
    typeof body === "string" ? body : JSON.stringify(body),
  );
const AWAY = { kind: "away", status: 0, type: "", text: "", problem: "", retryAfter: 0 };

/** A tablet that speaks with a register which answers as it is told; by default as it should. */
async function aSpeakingTablet({ tier = "card" } = {}) {
  const tablet = await aTablet("u1", undefined, { tier });
  const lock = newLock();
  const outbox = new Outbox(tablet.store, tablet.vault, tablet.clock, lock);
  const photos = new Photos(tablet.store, tablet.vault);
  const audit = new Audit(tablet.store, tablet.vault, lock);
  const feed = new Feed();
  feed.tier = tier;
  feed.put(aPerson(1));
  const asked = [];
  const answers = {
    "/sync/v1/pull": async ({ cursors, limit }) =>
      reply(200, written(await feed.page(cursors[0], limit)), "application/x-ndjson"),
    "/sync/v1/sealed": async ({ sealed }) => {
      const results = sealed.map(({ id }) => ({ id, outcome: "applied" }));
      return reply(200, { results, upto: 99, server_time: new Date(NOON).toISOString() });
    },
    "/sync/v1/photo": async () => reply(200, { outcome: "kept", why: "" }),
    "/sync/v1/erased": async () => reply(200, { settled: 1 }),
    "/sync/v1/lease": async () => reply(200, await answerTo("u1", { epoch: feed.epoch.slice(0, 3) })),
  };
  const ask = async (path, body, headers) => {
    asked.push({ path, body, headers });
    return answers[path](body);
  };
  const describe = async () => ({ ...aboutNow(), state: { plans_missing: await tablet.copies.missingPlans() } });
  const parts = { ...tablet, outbox, photos, audit, ask, describe, onChange: () => {} };
  return { ...tablet, outbox, photos, audit, feed, asked, answers, sync: new Sync(parts) };
}

const paths = (asked) => asked.map((one) => one.path.split("/").at(-1));

test("what waits is sent, then what is new is fetched", async () => {
  const { sync, outbox, audit, asked, copies } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  await audit.append({ act: "card_viewed" });
  const waitMs = await sync.round();
  assert.deepEqual(paths(asked), ["sealed", "sealed", "pull"]);
  assert.equal((await outbox.waiting()).length, 0);
  assert.equal((await audit.waiting()).length, 0);
  assert.equal(copies.people().size, 1);
  assert.equal(sync.state.phase, "quiet");
  assert.equal(sync.state.lastContact, NOON);
  assert.ok(waitMs >= 45_000 && waitMs <= 75_000);
});

test("wrong person is sent before everything that was written before it", async () => {
  const { sync, outbox, asked } = await aSpeakingTablet();
  const first = await outbox.append(DRAFT, "words");
  const second = await outbox.append(DRAFT, "words");
  const flag = await outbox.append({ ...DRAFT, kind: "wrong_person_flag", body: {} }, "words");
  await sync.round();
  assert.deepEqual(
    asked[0].body.sealed.map(({ id }) => id),
    [flag.id, first.id, second.id],
  );
});

const PHOTO = { id: "p1", edit_id: "e1", entry_id: aPerson(1).id, content: new Uint8Array([255, 216, 255]) };

test("a photo is sent after the words and after what is new, and goes when it is kept", async () => {
  const { sync, outbox, photos, asked } = await aSpeakingTablet();
  await photos.add(PHOTO, NOON);
  await outbox.append(DRAFT, "words");
  await sync.round();
  assert.deepEqual(paths(asked), ["sealed", "pull", "photo"]);
  assert.equal((await photos.all()).length, 0);
});

for (const [what, answer, waiting, refused] of [
  ["the line failed", async () => AWAY, 1, 0],
  ["a portal answered", async () => reply(200, "<html>", "text/html"), 1, 0],
  ["it is to come again later", async () => reply(200, { outcome: "later", why: "" }), 1, 0],
  ["an outcome that is not known", async () => reply(200, { outcome: "odd" }), 1, 0],
  ["it was not taken", async () => reply(200, { outcome: "refused", why: "Damaged" }), 0, 1],
]) {
  test(`whatever becomes of a photo, the words are sent: ${what}`, async () => {
    const { sync, outbox, photos, answers } = await aSpeakingTablet();
    answers["/sync/v1/photo"] = answer;
    await photos.add(PHOTO, NOON);
    await outbox.append(DRAFT, "words");
    await sync.round();
    assert.equal((await outbox.waiting()).length, 0);
    assert.equal((await photos.waiting()).length, waiting);
    assert.equal((await photos.refused()).length, refused);
  });
}

test("a photo lies sealed, and one that is too large is not kept", async () => {
  const { photos, store } = await aSpeakingTablet();
  const content = new TextEncoder().encode("CANARY of a form");
  await photos.add({ ...PHOTO, content }, NOON);
  const lies = JSON.stringify(await store.all("photos"));
  assert.equal(/CANARY|Q0FOQVJZ/.test(lies) || lies.includes(PHOTO.entry_id), false);
  await assert.rejects(photos.add({ ...PHOTO, id: "p2", content: new Uint8Array(MOST_BYTES + 1) }, NOON));
});

test("a locked tablet sends what is sealed, and fetches nobody", async () => {
  const { sync, outbox, vault, asked } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  vault.lock();
  await sync.round();
  assert.deepEqual(paths(asked), ["sealed"]);
  assert.equal(asked[0].headers, undefined);
  assert.equal((await outbox.waiting()).length, 0);
});

for (const [name, bad, phase] of [
  ["nobody answers", AWAY, "away"],
  ["a captive portal answers", reply(200, "<html>", "text/html"), "portal"],
  ["the register failed", reply(500, "", "text/plain"), "away"],
  ["the register is busy", reply(503, { type: "x" }, "application/problem+json", { "Retry-After": "120" }), "away"],
  ["an answer says nothing", reply(200, {}), "away"],
]) {
  test(`nothing is lost when ${name}`, async () => {
    const { sync, outbox, answers, copies } = await aSpeakingTablet();
    await sync.round();
    await outbox.append(DRAFT, "words");
    answers["/sync/v1/sealed"] = answers["/sync/v1/pull"] = async () => bad;
    const waitMs = await sync.round();
    assert.equal((await outbox.waiting()).length, 1);
    assert.equal(copies.people().size, 1);
    assert.equal(sync.state.phase, phase);
    assert.equal(sync.state.lastContact, NOON);
    assert.ok(waitMs >= bad.retryAfter * 1000 + 2500);
  });
}

test("a page without its closing line is as if it had not come", async () => {
  const { sync, answers, copies, feed } = await aSpeakingTablet();
  const whole = written(await feed.page({ epoch: null, number: 0 }));
  answers["/sync/v1/pull"] = async () => reply(200, whole.split("\n").slice(0, 1).join("\n"), "application/x-ndjson");
  await sync.round();
  assert.equal(copies.people().size, 0);
});

test("what the register does not take keeps no news away", async () => {
  const { sync, outbox, answers, copies } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  answers["/sync/v1/sealed"] = async () => reply(500, "", "text/plain");
  await sync.round();
  assert.equal((await outbox.waiting()).length, 1);
  assert.equal(copies.people().size, 1);
  assert.equal(sync.state.phase, "quiet");
});

test("a register that asks for patience is asked nothing more", async () => {
  const { sync, outbox, answers, asked } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  const busy = reply(503, { type: "x" }, "application/problem+json", { "Retry-After": "120" });
  answers["/sync/v1/sealed"] = async () => busy;
  await sync.round();
  assert.deepEqual(paths(asked), ["sealed"]);
});

test("edits that are too many at once are sent in halves", async () => {
  const { sync, outbox, answers } = await aSpeakingTablet();
  for (const one of [1, 2, 3]) await outbox.append(DRAFT, `${one}`);
  const good = answers["/sync/v1/sealed"];
  const sizes = [];
  answers["/sync/v1/sealed"] = async (body) => {
    sizes.push(body.sealed.length);
    return body.sealed.length > 1 ? reply(413, { type: "too-large" }) : good(body);
  };
  await sync.round();
  assert.equal((await outbox.waiting()).length, 0);
  assert.deepEqual(sizes.slice(0, 3), [3, 2, 1]);
});

for (const [name, status] of [
  ["is too large", 413],
  ["makes the register fail", 500],
]) {
  test(`an edit that ${name} keeps no other waiting, and nobody's card from coming`, async () => {
    const { sync, outbox, answers, copies, asked } = await aSpeakingTablet();
    const bad = await outbox.append(DRAFT, "bad");
    for (const one of [1, 2, 3]) await outbox.append(DRAFT, `${one}`);
    const good = answers["/sync/v1/sealed"];
    const refuseBad = async (body) =>
      body.sealed.some(({ id }) => id === bad.id) ? reply(status, { type: "x" }) : good(body);
    answers["/sync/v1/sealed"] = refuseBad;
    const waiting = async () => (await outbox.waiting()).map((row) => row.id);

    await sync.round();
    assert.deepEqual(await waiting(), [bad.id]);
    assert.equal(copies.people().size, 1);

    asked.length = 0;
    await outbox.append(DRAFT, "later");
    await sync.round();
    assert.deepEqual(await waiting(), [bad.id]);
    assert.deepEqual(paths(asked), ["sealed", "sealed", "pull"]);

    answers["/sync/v1/sealed"] = good;
    await sync.round();
    assert.deepEqual(await waiting(), []);
  });
}

test("a register that fails at everything is asked a few times, and then left alone", async () => {
  const { sync, outbox, answers, asked } = await aSpeakingTablet();
  for (const one of Array(20).keys()) await outbox.append(DRAFT, `${one}`);
  answers["/sync/v1/sealed"] = async () => reply(500, { type: "x" });
  answers["/sync/v1/pull"] = async () => reply(500, { type: "x" });
  const waitMs = await sync.round();
  assert.ok(asked.length <= 14, `${asked.length} questions`);
  assert.ok(waitMs >= 2500);
  assert.equal((await outbox.waiting()).length, 20);
});

test("nothing is sent twice in one round, whatever the register answers", async () => {
  const { sync, outbox, answers, asked } = await aSpeakingTablet();
  for (const one of Array(101).keys()) await outbox.append(DRAFT, `${one}`);
  answers["/sync/v1/sealed"] = async ({ sealed }) => {
    const results = sealed.map(({ id }) => ({ id, outcome: "failed" }));
    return reply(200, { results, server_time: new Date(NOON).toISOString() });
  };
  await sync.round();
  assert.deepEqual(paths(asked), ["sealed", "sealed", "pull"]);
  assert.equal((await outbox.waiting()).length, 101);
});

test("what a restored register has forgotten is offered to it again, once it was told what is known, and what it refused is not", async () => {
  const { sync, outbox, answers, feed, asked } = await aSpeakingTablet();
  const rows = [];
  for (const one of ["seen", "held", "refused"]) rows.push(await outbox.append(DRAFT, one));
  const [first, second, third] = rows.map((row) => row.id);
  const sent = [];
  answers["/sync/v1/sealed"] = async ({ sealed }) => {
    sent.push(...sealed.map(({ id }) => id));
    const outcomeOf = { [first]: "applied", [second]: "held", [third]: "refused" };
    const results = sealed.map(({ id }) => ({ id, outcome: outcomeOf[id] }));
    return reply(200, { results, server_time: new Date(NOON - 1).toISOString() });
  };
  await sync.round();
  await outbox.dismiss(second);
  assert.deepEqual(
    (await outbox.rows()).map((row) => row.state),
    ["refused"],
  );

  feed.epoch = "1.2.aa";
  await sync.round();
  assert.equal((await outbox.waiting()).length, 0);

  feed.epoch = "2.1.aa";
  asked.length = 0;
  await sync.round();
  assert.deepEqual(asked.at(-1).body.known, { [aPerson(1).id]: 1 });
  assert.deepEqual(
    (await outbox.waiting()).map((row) => row.id),
    [first, second],
  );
  sent.length = 0;
  await sync.round();
  await sync.round();
  assert.deepEqual(sent, [first, second]);
});

test("the looks that a restored register has forgotten are offered to it again, once it was told what is known", async () => {
  const { sync, audit, answers, feed } = await aSpeakingTablet();
  const sent = [];
  answers["/sync/v1/sealed"] = async ({ sealed }) => {
    sent.push(...sealed.map(({ id }) => id));
    return reply(200, { results: [], upto: 2, server_time: new Date(NOON).toISOString() });
  };
  const looks = [await audit.append({ act: "searched" }), await audit.append({ act: "card_viewed" })];
  const ids = looks.map((row) => row.forRegister.id);
  await sync.round();
  await sync.round();
  assert.deepEqual(sent, ids);

  feed.epoch = "1.2.aa";
  await sync.round();
  assert.deepEqual(sent, ids);
  feed.epoch = "2.1.aa";
  await sync.round();
  await sync.round();
  await sync.round();
  assert.deepEqual(sent, [...ids, ...ids]);
  assert.deepEqual(await audit.waiting(), []);
});

test("an edit at which the register fails leaves the others alone", async () => {
  const { sync, outbox, answers } = await aSpeakingTablet();
  const bad = await outbox.append(DRAFT, "bad");
  await outbox.append(DRAFT, "good");
  answers["/sync/v1/sealed"] = async ({ sealed }) => {
    const results = sealed.map(({ id }) => ({ id, outcome: id === bad.id ? "failed" : "applied" }));
    return reply(200, { results, server_time: new Date(NOON).toISOString() });
  };
  await sync.round();
  assert.deepEqual(
    (await outbox.waiting()).map((row) => row.id),
    [bad.id],
  );
});

test("a refused lease asks for a sign-in and takes nothing away", async () => {
  const { sync, outbox, answers, vault, copies } = await aSpeakingTablet();
  await sync.round();
  await outbox.append(DRAFT, "words");
  answers["/sync/v1/sealed"] = async () => AWAY;
  await sync.round();
  answers["/sync/v1/sealed"] = async ({ sealed }) =>
    reply(200, {
      results: sealed.map(({ id }) => ({ id, outcome: "held" })),
      server_time: new Date(NOON).toISOString(),
    });
  answers["/sync/v1/pull"] = async () =>
    reply(401, { type: "urn:epaccs:problem:signed-out" }, "application/problem+json");
  await sync.round();
  assert.equal(sync.state.phase, "sign-in");
  assert.ok(vault.unlocked);
  assert.equal(copies.people().size, 1);
  assert.equal((await outbox.own())[0].row.state, "held");
});

test("a user who left loses their own keys, and nothing that is unsent", async () => {
  const { sync, outbox, answers, vault, store } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  answers["/sync/v1/sealed"] = async ({ sealed }) =>
    reply(200, {
      results: sealed.map(({ id }) => ({ id, outcome: "failed" })),
      server_time: new Date(NOON).toISOString(),
    });
  answers["/sync/v1/pull"] = async () =>
    reply(401, { type: "urn:epaccs:problem:tablet-user-ended" }, "application/problem+json");
  await sync.round();
  assert.equal(vault.unlocked, null);
  assert.deepEqual(await store.all("keyring"), []);
  assert.equal((await outbox.waiting()).length, 1);
});

for (const [name, answer] of [
  [
    "is told so when it asks",
    async () => reply(403, { type: "urn:epaccs:problem:tablet-revoked" }, "application/problem+json"),
  ],
  [
    "is told so by a command",
    async (feed) => {
      const page = await feed.page({ epoch: null, number: 0 });
      page.lines.push({ op: "command", id: "c1", do: "erase" });
      page.closing.count += 1;
      return reply(200, written(page), "application/x-ndjson");
    },
  ],
]) {
  test(`a tablet that was taken out of use erases everybody, and keeps and sends what is unsent: it ${name}`, async () => {
    const { sync, outbox, answers, store, feed, asked } = await aSpeakingTablet();
    await sync.round();
    await outbox.append(DRAFT, "words");
    const good = answers["/sync/v1/sealed"];
    answers["/sync/v1/sealed"] = async ({ sealed }) =>
      reply(200, {
        results: sealed.map(({ id }) => ({ id, outcome: "failed" })),
        server_time: new Date(NOON).toISOString(),
      });
    answers["/sync/v1/pull"] = () => answer(feed);
    await sync.round();
    for (const name of ["keyring", "rows", "index", "cursors"]) assert.deepEqual(await store.all(name), [], name);
    assert.equal(sync.state.phase, "erased");
    assert.ok(paths(asked).includes("erased"));
    answers["/sync/v1/sealed"] = good;
    await sync.round();
    assert.equal((await outbox.waiting()).length, 0);
  });
}

for (const [deed, expected] of [
  ["resync", 1],
  ["revoke-scope", 0],
]) {
  test(`a command is carried out, and the register is told that it was: ${deed}`, async () => {
    const { sync, answers, feed, asked, copies, store } = await aSpeakingTablet();
    await sync.round();
    const good = answers["/sync/v1/pull"];
    answers["/sync/v1/pull"] = async ({ cursors }) => {
      const page = await feed.page(cursors[0]);
      page.lines.push({ op: "command", id: "c7", do: deed, scope: SCOPE });
      page.closing.count += 1;
      return reply(200, written(page), "application/x-ndjson");
    };
    await sync.round();
    assert.equal((await store.all("rows")).length, expected);
    answers["/sync/v1/pull"] = good;
    await sync.round();
    assert.deepEqual(asked.at(-1).body.done, ["c7"]);
    await sync.round();
    assert.deepEqual(asked.at(-1).body.done, []);
    assert.equal(copies.people().size, 1);
  });
}

test("after a reset the register is told once what the old copy knew", async () => {
  const { sync, feed, asked } = await aSpeakingTablet();
  await sync.round();
  feed.epoch = "1.1.bb";
  await sync.round();
  assert.deepEqual(asked.at(-1).body.known, { [aPerson(1).id]: 1 });
  await sync.round();
  assert.deepEqual(asked.at(-1).body.known, {});
});

test("a scope that the register does not name any more is empty, also after a lock", async () => {
  const { sync, feed, copies, vault, store } = await aSpeakingTablet();
  await sync.round();
  feed.page = async () => ({
    lines: [{ op: "reset", scope: SCOPE, epoch: null }],
    closing: {
      ...{ op: "page", count: 1, more: false, server_time: new Date(NOON).toISOString(), next_poll_seconds: 60 },
      cursors: [{ scope: SCOPE, tier: "card", epoch: null, number: 0, sum: "0000000000000000", people: 0 }],
    },
  });
  await sync.round();
  assert.equal(copies.people().size, 0);
  assert.deepEqual(await store.all("rows"), []);
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
  await copies.load();
  assert.equal(copies.places[0].current.asAt, NOON);
  await sync.round();
  assert.equal(copies.people().size, 0);
});

test("a key that is missing is asked for, once a round", async () => {
  const { sync, feed, copies, asked, answers } = await aSpeakingTablet();
  await sync.round();
  feed.epoch = "1.2.aa";
  const lease = answers["/sync/v1/lease"];
  answers["/sync/v1/lease"] = async () => AWAY;
  await sync.round();
  assert.equal(paths(asked).filter((path) => path === "lease").length, 1);
  assert.equal(copies.people().size, 1);
  answers["/sync/v1/lease"] = lease;
  await sync.round();
  assert.equal(copies.places[0].current.epoch, "1.2.aa");
});

test("a page that comes after the lock is not taken", async () => {
  const { sync, answers, vault, store } = await aSpeakingTablet();
  const good = answers["/sync/v1/pull"];
  answers["/sync/v1/pull"] = async (body) => {
    vault.lock();
    return good(body);
  };
  await sync.round();
  assert.deepEqual(await store.all("rows"), []);
});

test("what was sent is shown until a copy has come that knows of it", async () => {
  const { sync, outbox, vault, feed } = await aSpeakingTablet();
  await outbox.append(DRAFT, "words");
  await sync.round();
  assert.equal((await outbox.own())[0].row.state, "sent");
  const page = feed.page.bind(feed);
  feed.page = async (...of) => {
    const made = await page(...of);
    made.closing.server_time = new Date(NOON + 1000).toISOString();
    return made;
  };
  await sync.round();
  assert.deepEqual(await outbox.own(), []);
  vault.lock();
  await vault.unlock("u1", PASSPHRASE);
});

test("the lease is renewed after half of it, once", async () => {
  const { sync, hands, asked, answers } = await aSpeakingTablet();
  answers["/sync/v1/lease"] = async () => reply(200, await answerTo("u1", { now: hands.device }));
  await sync.renewInTime();
  hands.passes(10 * 3_600_000);
  await sync.renewInTime();
  await sync.renewInTime();
  assert.deepEqual(paths(asked), ["lease"]);
});

test("failures are answered with patience, at random, and never sooner than asked", () => {
  assert.equal(backoff(1, 0, 0), 2500);
  assert.equal(backoff(1, 0, 1), 5000);
  assert.equal(backoff(3, 0, 1), 20_000);
  assert.equal(backoff(50, 0, 1), 15 * 60_000);
  assert.ok(backoff(1, 120, 0) >= 120_000);
});

async function aLongDownload() {
  const tablet = await aSpeakingTablet();
  for (let number = 2; number <= 1200; number += 1) tablet.feed.put(aPerson(number));
  return tablet;
}

test("the plans that made way are counted once a round, and not again while nothing changes", async () => {
  const { sync, copies, store, feed } = await aSpeakingTablet({ tier: "full" });
  const counted = [];
  const count = store.count.bind(store);
  store.count = (name, ...of) => {
    if (name === "plans") counted.push(name);
    return count(name, ...of);
  };
  await sync.round();
  feed.put(aPerson(2));
  counted.length = 0;
  await sync.round();
  assert.equal(counted.length, 1);
  await sync.round();
  assert.equal(counted.length, 1);
  assert.equal(await copies.missingPlans(), 0);
});

test("the next page is on its way while one is written, and none is asked for twice", async () => {
  const { sync, copies, asked } = await aLongDownload();
  const take = copies.take.bind(copies);
  const askedBeforeWritten = [];
  copies.take = async (page) => {
    const change = await take(page);
    askedBeforeWritten.push(asked.length);
    return change;
  };
  await sync.round();
  assert.deepEqual(
    asked.map(({ body }) => body.cursors[0].number),
    [0, 500, 1000],
  );
  assert.deepEqual(askedBeforeWritten, [2, 3, 3]);
  assert.equal(copies.people().size, 1200);
});

test("a page that was asked for from where the copies do not stand is thrown away", async () => {
  const { sync, copies, asked } = await aLongDownload();
  let isFirst = true;
  const take = copies.take.bind(copies);
  copies.take = async (page) => {
    const change = await take(page);
    if (isFirst) await copies.startAgain();
    isFirst = false;
    return change;
  };
  await sync.round();
  assert.deepEqual(
    asked.map(({ body }) => body.cursors[0].number),
    [0, 500, 0, 500, 1000],
  );
  assert.equal(copies.people().size, 1200);
});

test("after a command or a reset the register is asked when it was followed", async () => {
  const { sync, copies, feed, asked } = await aLongDownload();
  await sync.round();
  feed.epoch = "1.1.bb";
  asked.length = 0;
  const take = copies.take.bind(copies);
  const askedBeforeWritten = [];
  copies.take = async (page) => {
    const change = await take(page);
    askedBeforeWritten.push(asked.length);
    return change;
  };
  await sync.round();
  assert.deepEqual(askedBeforeWritten, [1, 3, 3]);
  assert.equal(Object.keys(asked[1].body.known).length, 1200);
});

test("a page that did not come ahead is asked for again when its time comes", async () => {
  const { sync, copies, answers } = await aLongDownload();
  const pull = answers["/sync/v1/pull"];
  const fates = [pull, async () => AWAY];
  answers["/sync/v1/pull"] = (body) => (fates.shift() ?? pull)(body);
  await sync.round();
  assert.equal(sync.state.phase, "away");
  assert.equal(copies.people().size, 500);
  await sync.round();
  assert.equal(copies.people().size, 1200);
});
