/** Whoever alters a stamp is found out, and what they put there is not read (hazard H-70). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readStamp } from "../../epaccs/static/js/tablet/stamp.js";

/** Made by the register: `tests/stamps/test_rules.py`. */
const TABLE = JSON.parse(readFileSync(new URL("./stamps.json", import.meta.url), "utf8"));
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const [FIRST] = TABLE.stamps;

for (const { what, stamp, facts } of TABLE.stamps) {
  test(`the facts are those that the register printed: ${what}`, async () => {
    const { at, ...rest } = facts;
    const expected = { ...rest, at: Date.parse(at) };
    assert.deepEqual(await readStamp(stamp, TABLE.keys), { standing: "genuine", facts: expected });
  });
}

test("each character of a stamp, changed into each other one, is found out", async () => {
  for (let at = 0; at < FIRST.stamp.length; at += 1) {
    const others = [...ALPHABET].filter((one) => one !== FIRST.stamp[at]);
    const changed = others.map((one) => FIRST.stamp.slice(0, at) + one + FIRST.stamp.slice(at + 1));
    for (const { standing, facts } of await Promise.all(changed.map((one) => readStamp(one, TABLE.keys)))) {
      assert.ok(["altered", "unknown", "unreadable"].includes(standing), `${standing} with another character ${at}`);
      assert.equal(facts, null);
    }
  }
});

test("a stamp that is cut, or has something added, is found out", async () => {
  for (let length = 0; length < FIRST.stamp.length; length += 1) {
    const { standing } = await readStamp(FIRST.stamp.slice(0, length), TABLE.keys);
    assert.ok(["altered", "unknown", "unreadable"].includes(standing), `${standing} with ${length} characters`);
  }
  for (const more of ["A", "AAAA", "=", " ", "\n", "#"]) {
    const { standing } = await readStamp(FIRST.stamp + more, TABLE.keys);
    assert.ok(
      ["altered", "unknown", "unreadable"].includes(standing),
      `${standing} with ${JSON.stringify(more)} added`,
    );
  }
});

test("another register's key signs nothing for this one, though it bears the same id", async () => {
  const { standing } = await readStamp(TABLE.elsewhere, TABLE.keys);
  assert.equal(standing, "unknown");
  const renamed = TABLE.keys_elsewhere.map((/** @type {any} */ key) => ({ ...key, id: TABLE.keys[0].id }));
  assert.equal((await readStamp(FIRST.stamp, renamed)).standing, "altered");
});

test("a former key is believed, and a withdrawn one is not", async () => {
  const keys = [...TABLE.keys_elsewhere, ...TABLE.keys];
  assert.equal((await readStamp(FIRST.stamp, keys)).standing, "genuine");
  const withdrawn = keys.map((key) => ({ ...key, withdrawn: true }));
  assert.deepEqual(await readStamp(FIRST.stamp, withdrawn), { standing: "withdrawn", facts: null });
});

test("what is no stamp is called unreadable", async () => {
  for (const text of ["", "hello", "%%%", "é", "A".repeat(4000)])
    assert.equal((await readStamp(text, TABLE.keys)).standing, "unreadable");
});

test("a browser that cannot tell says so", async (t) => {
  t.mock.method(crypto.subtle, "importKey", () => Promise.reject(new DOMException("no", "NotSupportedError")));
  assert.deepEqual(await readStamp(FIRST.stamp, TABLE.keys), { standing: "unable", facts: null });
});
