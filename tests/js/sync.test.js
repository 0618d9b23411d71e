/** When the register is asked, and what follows from its answers: nothing of it may lose a word or mislead anybody. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Audit } from "../../epaccs/static/js/tablet/audit.js";
import { Outbox } from "../../epaccs/static/js/tablet/outbox.js";
import { aboutNow, backoff, Sync } from "../../epaccs/static/js/tablet/sync.js";
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
async function aSpeakingTablet() {
  const tablet = await aTablet();
  const lock = newLock();
  const outbox = new Outbox(tablet.store, tablet.vault, tablet.clock, lock);
  const audit = new Audit(tablet.store, tablet.vault, lock);
  const feed = new Feed();
  feed.put(aPerson(1));
  const asked = [];
  const answers = {
    "/sync/v1/pull": async ({ cursors, limit }) =>
      reply(200, written(await feed.page(cursors[0], limit)), "application/x-ndjson"),
    "/sync/v1/sealed": async ({ sealed }) => {
      const results = sealed.map(({ id }) => ({ id, outcome: "applied" }));
      return reply(200, { results, upto: 99, server_time: new Date(NOON).toISOString() });
    },
    "/sync/v1/erased": async () => reply(200, { settled: 1 }),
    "/sync/v1/lease": async () => reply(200, await answerTo("u1", { epoch: feed.epoch.slice(0, 3) })),
  };
  const ask = async (path, body, headers) => {
    asked.push({ path, body, headers });
    return answers[path](body);
  };
  const parts = { ...tablet, outbox, audit, ask, describe: async () => aboutNow(), onChange: () => {} };
  return { ...tablet, outbox, audit, feed, asked, answers, sync: new Sync(parts) };
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
