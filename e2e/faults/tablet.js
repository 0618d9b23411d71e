/**
 * Tablets without a screen: the program that a tablet runs, in this process, on a database in memory, speaking with a real
 * server over whatever line it is given. Told what to do by lines of JSON, and answers each with a line.
 */

import "fake-indexeddb/auto";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { sumOf } from "../../epaccs/static/js/tablet/feed.js";
import { askNow, connectLoop } from "../../epaccs/static/js/tablet/loop.js";
import { STORES, Store } from "../../epaccs/static/js/tablet/store.js";
import { Tablet } from "../../epaccs/static/js/tablet/tablet.js";
import { ask as askRegister } from "../../epaccs/static/js/tablet/transport.js";
import { newLock, PASSPHRASE, quick } from "../../tests/js/register.js";

const EMERGENCY = { reason: "emergency", identifiers: [] };
const ABOUT = { label: "Vehicle 4412", device_class: "managed-tablet" };

// What a page has besides, and a process has not: one window, in sight.
Object.assign(globalThis, { addEventListener: () => {} });
Object.assign(globalThis, { document: { addEventListener: () => {}, visibilityState: "visible" } });
Object.defineProperty(globalThis, "navigator", {
  value: { onLine: true, locks: { request: (_name, options, work) => (work ?? options)({}) } },
});

/** @type {Map<string, Screenless>} */
const tablets = new Map();

class Screenless {
  constructor(name, address) {
    this.address = address;
    this.cookie = "";
    this.changes = [];
    const headers = (more) => (this.cookie ? { ...more, Cookie: this.cookie } : more);
    this.tablet = new Tablet({
      store: new Store(name),
      sources: { device: () => Date.now(), monotonic: () => performance.now() },
      savedClock: null,
      lastContact: 0,
      onChange: () => this.noteChange(),
      slow: quick,
      ask: (path, body, more) => askRegister(this.address + path, body, headers(more)),
      lock: newLock(),
    });
  }

  noteChange() {
    this.tablet.refresh();
    this.changes.push({ at: Date.now(), ...this.tablet.sync.state });
  }

  async enrol({ cookie }) {
    const response = await fetch(`${this.address}/tablet/session`, { headers: { Cookie: cookie } });
    const { user, csrf_token } = await response.json();
    this.cookie = [cookie, ...response.headers.getSetCookie().map((one) => one.split(";")[0])].join("; ");
    const refused = await this.tablet.enrol(ABOUT, PASSPHRASE, csrf_token);
    this.cookie = "";
    if (refused.length > 0) throw new Error(refused.join("; "));
    this.user = user;
    return { device_id: await this.tablet.store.meta("device_id"), user };
  }

  async round() {
    await this.tablet.sync.renewInTime();
    return { wait: await this.tablet.sync.round(), ...this.tablet.sync.state };
  }

  /** Rounds as far apart as the program says, so many seconds, or until there is nothing to send and all has come. */
  async goes({ seconds, untilQuiet = false, untilSent = 0 }) {
    const until = Date.now() + seconds * 1000;
    const waits = [];
    while (Date.now() < until) {
      const { wait, phase } = await this.round();
      waits.push(wait);
      const isSent = (await this.tablet.outbox.waiting()).length <= untilSent;
      if (untilQuiet && phase === "quiet" && isSent && this.isWhole()) break;
      await sleep(Math.min(wait, Math.max(0, until - Date.now())));
    }
    return { waits };
  }

  isWhole() {
    return this.tablet.copies.places.every((place) => place.current && !place.next);
  }

  loops() {
    connectLoop(this.tablet);
  }

  triggers() {
    askNow();
  }

  lock() {
    this.tablet.vault.lock();
  }

  unlock() {
    return this.tablet.unlock(this.user.id, PASSPHRASE);
  }

  /** Open a card and write something down about it. */
  async write({ entry_id, section, kind, body, decided_at, words = "words" }) {
    const { tablet } = this;
    const known = tablet.people.get(entry_id);
    if (!known) throw new Error("Nobody of this id is on the tablet");
    await tablet.openCard(known, EMERGENCY);
    const decidedAt = decided_at ? Date.parse(decided_at) : Date.now();
    const row = await tablet.write({ section, kind, body, decidedAt }, words);
    return { id: row.id, base_version: known.keys.versions?.[section] ?? 0 };
  }

  async card({ entry_id }) {
    const { card } = await this.tablet.openCard(this.tablet.people.get(entry_id), EMERGENCY);
    return card;
  }

  async state() {
    const { tablet } = this;
    const rows = await tablet.outbox.rows();
    const places = tablet.copies.places.map(({ scope, tier, current, next }) => ({
      scope,
      tier,
      current: current && { ...told(current), sum: sumOf(current.people) },
      next: next && told(next),
    }));
    return {
      ...tablet.sync.state,
      changes: this.changes.splice(0),
      unlocked: tablet.vault.unlocked !== null,
      rows: Object.fromEntries(rows.map((row) => [row.id, row.state])),
      sealed: rows.filter((row) => row.forRegister).map((row) => row.id),
      looks: (await tablet.audit.waiting()).length,
      people: Object.fromEntries([...tablet.people].map(([id, { version }]) => [id, version])),
      members: (await tablet.vault.members()).length,
      counts: Object.fromEntries(await Promise.all(STORES.map(async (one) => [one, await tablet.store.count(one)]))),
      places,
    };
  }

  /** Everything that lies in its database, as text in which a word can be looked for. */
  async disk() {
    const found = [];
    for (const store of STORES) found.push(...(await this.tablet.store.all(store)));
    return found.map(toWords).join("\n");
  }

  /** A second tablet with the same disk: somebody copied it. */
  async copy({ to }) {
    const other = new Screenless(to, this.address);
    tablets.set(to, other);
    for (const store of STORES) await copyStore(this.tablet.store, other.tablet.store, store);
    other.user = this.user;
    await other.unlock();
    return null;
  }
}

const told = ({ epoch, number, asAt, expected, people }) => ({ epoch, number, asAt, expected, people: people.size });

async function copyStore(from, to, store) {
  const keys = [];
  await from.write([store], async (writing) => void keys.push(...(await writing.keys(store))));
  const values = await Promise.all(keys.map((key) => from.get(store, key)));
  await to.write([store], (writing) => {
    for (const [place, key] of keys.entries()) writing.put(store, key, values[place]);
  });
}

function toWords(value) {
  const asText = (_key, one) => {
    if (one instanceof ArrayBuffer) return Buffer.from(one).toString("latin1");
    return ArrayBuffer.isView(one) ? Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString("latin1") : one;
  };
  return JSON.stringify(value, asText) ?? "";
}

/** @param {{ tablet: string, do: string, address?: string }} told */
async function obey({ tablet: name, do: deed, ...told }) {
  if (deed === "starts") {
    tablets.set(name, new Screenless(name, told.address));
    return null;
  }
  return (await tablets.get(name)[deed](told)) ?? null;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { n, ...told } = JSON.parse(line);
  obey(told).then(
    (value) => process.stdout.write(`${JSON.stringify({ n, value })}\n`),
    (error) => process.stdout.write(`${JSON.stringify({ n, error: String(error?.stack ?? error) })}\n`),
  );
}
process.exit(0);
