/** A register small enough for these tests: it signs leases, hands out keys, and numbers a feed. */

import "fake-indexeddb/auto";
import { randomBytes, toBase64url, toBytes } from "../../epaccs/static/js/tablet/bytes.js";
import { Clock } from "../../epaccs/static/js/tablet/clock.js";
import { Copies } from "../../epaccs/static/js/tablet/copies.js";
import { hashPerson, sumOf } from "../../epaccs/static/js/tablet/feed.js";
import { newSigningKey } from "../../epaccs/static/js/tablet/keys.js";
import { Store } from "../../epaccs/static/js/tablet/store.js";
import { Vault } from "../../epaccs/static/js/tablet/vault.js";

export const NOON = Date.parse("2026-11-21T12:00:00Z");
export const HOUR = 3_600_000;
export const PASSPHRASE = "four quiet grey herons";
/** Of no sheet: what a register is told of keys is tested with its sheets. */
const STAMP_KEYS = [{ id: "00000000", key: toBase64url(new Uint8Array(32)), withdrawn: false }];
export const SCOPE = "area:Riverside";

/** Clocks that a test sets by hand. */
export class Hands {
  device = NOON;
  monotonic = 0;

  passes(milliseconds) {
    this.device += milliseconds;
    this.monotonic += milliseconds;
  }

  clock(saved = null) {
    return new Clock({ device: () => this.device, monotonic: () => this.monotonic }, saved);
  }
}

/** A way from a passphrase to a key that is quick enough for a test. */
export async function quick(passphrase, { salt }) {
  const whole = new Uint8Array([...salt, ...toBytes(passphrase)]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** One after the other, as the browser's own locks let them. */
export function newLock() {
  let last = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

const leasePair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
export const sealPair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
const SCOPE_SECRETS = new Map();

async function signLease(claims) {
  const [head, body] = [{ alg: "ES256" }, claims].map((part) => toBase64url(toBytes(JSON.stringify(part))));
  const how = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(how, leasePair.privateKey, toBytes(`${head}.${body}`));
  return `${head}.${body}.${toBase64url(signature)}`;
}

/** What the register answers to an enrolment. */
export async function answerTo(
  userId,
  { deviceId = "tablet-1", hours = 18, now = NOON, epoch = "1.1", tier = "card", policy = {} } = {},
) {
  const place = `${SCOPE}|${tier}|${epoch}`;
  if (!SCOPE_SECRETS.has(place)) SCOPE_SECRETS.set(place, toBase64url(randomBytes(32)));
  const claims = {
    jti: crypto.randomUUID(),
    device: deviceId,
    user: userId,
    iat: now / 1000,
    exp: (now + hours * HOUR) / 1000,
    scopes: [{ scope: SCOPE, tier }],
    audience: "emergency",
    break_glass: { seconds: 4 * 3600, uses: 1 },
  };
  return {
    device_id: deviceId,
    lease: await signLease(claims),
    lease_key: await crypto.subtle.exportKey("jwk", leasePair.publicKey),
    seal_key: { ...(await crypto.subtle.exportKey("jwk", sealPair.publicKey)), kid: "s1" },
    policy,
    scope_keys: [{ scope: SCOPE, tier, epoch, key: SCOPE_SECRETS.get(place) }],
    stamp_keys: STAMP_KEYS,
    user: {
      id: userId,
      name: `User ${userId}`,
      role: "paramedic",
      role_label: "Paramedic",
      organisation: "Made-up Ambulance",
    },
    control_telephone: "01632 960999",
    server_time: new Date(now).toISOString(),
  };
}

/** One more user of a tablet, who reads on it now. */
export const enrolled = async (vault, answer, passphrase, signing) =>
  vault.enrol(answer, await vault.prepare(passphrase), signing);

/** An enrolled tablet, unlocked, with nothing on it. */
export async function aTablet(userId = "u1", hands = new Hands(), { device, policy, tier = "card" } = {}) {
  const store = new Store(`tablet-${crypto.randomUUID()}`);
  const clock = hands.clock();
  const vault = new Vault(store, clock, quick, device);
  const copies = new Copies(store, vault);
  const { secret, shown } = await newSigningKey();
  await enrolled(vault, await answerTo(userId, { now: hands.device, policy, tier }), PASSPHRASE, secret);
  await copies.load();
  return { store, clock, vault, copies, hands, userKey: shown };
}

/** A made-up person as a row of the feed. */
export const aPerson = (number, version = 1) => ({
  id: `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`,
  version,
  card: { name: `CANARY, Person ${number}` },
  keys: {
    nhs: String(9_990_000_000 + number),
    family: [`canary${number}`],
    given: ["person"],
    born: "1941-01-06",
    street: "station",
    shown: { family_name: "CANARY", given_name: "Person" },
  },
});

/** The feed of one scope: only the latest row of each person is kept. */
export class Feed {
  epoch = "1.1.aa";
  tier = "card";
  number = 0;
  rows = new Map();

  put(person) {
    this.number += 1;
    this.rows.delete(person.id);
    this.rows.set(person.id, { op: "put", scope: SCOPE, number: this.number, ...person });
  }

  drop(id) {
    this.number += 1;
    if (this.rows.delete(id)) this.rows.set(id, { op: "drop", scope: SCOPE, number: this.number, id, why: "removed" });
  }

  /** The people who are in it now: id and version. */
  people() {
    return new Map([...this.rows.values()].filter((row) => row.op === "put").map((row) => [row.id, row.version]));
  }

  async page({ epoch, number }, limit = 500) {
    const isAnother = epoch !== null && epoch !== this.epoch;
    const from = isAnother ? 0 : number;
    const left = [...this.rows.values()]
      .filter((row) => row.number > from)
      .sort((one, other) => one.number - other.number);
    const sent = left.slice(0, limit);
    const lines = isAnother ? [{ op: "reset", scope: SCOPE, epoch: this.epoch }, ...sent] : sent;
    const more = left.length > limit;
    const cursor = {
      scope: SCOPE,
      tier: this.tier,
      epoch: this.epoch,
      number: more ? sent.at(-1).number : this.number,
      sum: await this.sum(),
      people: this.people().size,
    };
    const closing = {
      op: "page",
      count: lines.length,
      cursors: [cursor],
      more,
      server_time: new Date(NOON).toISOString(),
      next_poll_seconds: 60,
    };
    return { lines, closing };
  }

  async sum() {
    const people = new Map();
    for (const [id, version] of this.people())
      people.set(id, { version, keys: {}, hash: await hashPerson({ id, version }) });
    return sumOf(people);
  }
}

/** As it travels. */
export const written = ({ lines, closing }) =>
  `${[...lines, closing].map((line) => JSON.stringify(line)).join("\n")}\n`;
