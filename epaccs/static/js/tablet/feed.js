/**
 * What the register sends, and what becomes of the copies here: computed from values, without the database.
 *
 * An answer counts only whole: of the right kind, with its closing line, and as many lines as that says. A captive portal
 * answers 200 with a page of its own, and half a page cut at the end of a line looks like a whole one (hazard H-53).
 */

import { toBytes, toHex } from "./bytes.js";

/** @typedef {{ op: string, scope?: string, number?: number, id?: string, version?: number, card?: any, plan?: any, answers?: any, keys?: any, why?: string, do?: string, epoch?: string }} Line */
/** @typedef {{ scope: string, tier: string, epoch: string, number: number, sum: string, people: number, left_out?: number }} ClosingCursor */
/** @typedef {{ op: "page", count: number, cursors: ClosingCursor[], more: boolean, server_time: string, next_poll_seconds: number, least_program?: string }} Closing */
/** @typedef {{ lines: Line[], closing: Closing }} Page */

/** @typedef {{ version: number, hash: string, keys: any }} Person what the index keeps of one person; hash: their part of the sum */

/**
 * @typedef {object} Copy one copy of a scope: what has come of it so far
 * @property {string} id
 * @property {string | null} epoch null: nothing has come
 * @property {number} number
 * @property {number} asAt the register's clock when it was last known to be whole; 0: never
 * @property {number} beganAt the register's clock when its first page came; 0: none has
 * @property {number} expected how many people the register has in it
 * @property {number} mismatches how often one after the other its sum was another than the register's
 * @property {number} restarts how often it was started again for that, without ever agreeing since
 * @property {number} leftOut how many people of the scope do not fit on this tablet
 * @property {{ first: number, next: number }} segments which pieces its index lies in: from the first, not the next
 * @property {Map<string, Person>} people
 */

/**
 * @typedef {object} Place a scope at a tier, for one audience
 * @property {string} name
 * @property {string} scope
 * @property {string} tier
 * @property {Copy | null} current what is read
 * @property {Copy | null} next what is being filled beside it
 */

/**
 * @typedef {object} Change what is to be written for one page, all of it together
 * @property {Place[]} places as they are afterwards
 * @property {{ copy: string, id: string, scope: string, tier: string, epoch: string, line: Line }[]} puts
 * @property {{ copy: string, id: string, scope: string, tier: string, epoch: string }[]} drops
 * @property {string[]} emptied copies that are not needed any more
 * @property {string[]} touched copies whose index is another now
 * @property {Set<string>} told whom the page has told of, by copy and id
 * @property {Line[]} commands
 */

const NDJSON = "application/x-ndjson";
export const MISMATCHES = 2;
/** So often a scope is started again because of its sum; then what came is read, and the tablet says that it is in doubt (hazard H-58). */
export const RESTARTS = 2;
const MODULUS = 2n ** 64n;

/**
 * @param {string | null} contentType
 * @param {string} text
 * @returns {Page | null} null: it is as if it had not come
 */
export function readPage(contentType, text) {
  if (!contentType?.startsWith(NDJSON)) return null;
  const lines = parseLines(text);
  const closing = lines?.pop();
  const isWhole = lines && closing?.op === "page" && /** @type {any} */ (closing).count === lines.length;
  return isWhole ? { lines, closing: /** @type {Closing} */ (/** @type {unknown} */ (closing)) } : null;
}

/** @param {string} text @returns {Line[] | null} */
function parseLines(text) {
  try {
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  } catch {
    return null;
  }
}

/** @param {string} id @returns {Copy} */
export const emptyCopy = (id) => ({
  id,
  epoch: null,
  number: 0,
  asAt: 0,
  beganAt: 0,
  expected: 0,
  mismatches: 0,
  restarts: 0,
  leftOut: 0,
  segments: { first: 0, next: 0 },
  people: new Map(),
});

/**
 * What is asked for: how far the copy that is being filled has come, or the one that is read.
 *
 * @param {Place[]} places
 */
export const buildCursors = (places) =>
  places.map(({ scope, tier, current, next }) => {
    const copy = next ?? current;
    return { scope, tier, epoch: copy?.epoch ?? null, number: copy?.number ?? 0 };
  });

/**
 * @param {Place[]} places as they are; they are not changed
 * @param {Page} page
 * @param {() => string} newCopyId
 * @returns {Promise<Change>}
 */
export async function applyPage(places, page, newCopyId) {
  const hashes = await hashLines(page.lines);
  /** @type {Change} */
  const change = {
    places: places.map(copyPlace),
    puts: [],
    drops: [],
    emptied: [],
    touched: [],
    told: new Set(),
    commands: [],
  };
  for (const line of page.lines) applyLine(change, line, hashes, newCopyId);
  for (const cursor of page.closing.cursors) close(change, cursor, page.closing, newCopyId);
  change.touched = [...new Set(change.touched)].filter((id) => !change.emptied.includes(id));
  return change;
}

/** @param {Place} place @returns {Place} */
const copyPlace = (place) => ({ ...place, current: copyCopy(place.current), next: copyCopy(place.next) });

/** @param {Copy | null} copy */
const copyCopy = (copy) => copy && { ...copy, people: new Map(copy.people) };

/**
 * @param {Change} change
 * @param {Line} line
 * @param {Map<Line, string>} hashes
 * @param {() => string} newCopyId
 */
function applyLine(change, line, hashes, newCopyId) {
  if (line.op === "command") change.commands.push(line);
  const place = change.places.find((one) => one.scope === line.scope);
  if (!place) return;
  if (line.op === "reset") startAgain(change, place, line.epoch ?? null, newCopyId);
  if (line.op === "put") put(change, place, line, hashes.get(line) ?? "", newCopyId);
  if (line.op === "drop") drop(change, place, line, newCopyId);
}

/**
 * A copy that is being filled is thrown away; the one that is read stays until another is whole.
 *
 * @param {Change} change
 * @param {Place} place
 * @param {string | null} epoch
 * @param {() => string} newCopyId
 */
function startAgain(change, place, epoch, newCopyId) {
  if (place.next) empty(change, place.next);
  place.next = { ...emptyCopy(newCopyId()), epoch };
  change.touched.push(place.next.id);
}

/** @param {Change} change @param {Copy} copy */
function empty(change, copy) {
  change.emptied.push(copy.id);
  change.puts = change.puts.filter((one) => one.copy !== copy.id);
  change.drops = change.drops.filter((one) => one.copy !== copy.id);
}

/** @param {Place} place @param {() => string} newCopyId @returns {Copy} what the lines of a page go into */
function target(place, newCopyId) {
  if (!place.next && !place.current) place.next = emptyCopy(newCopyId());
  return /** @type {Copy} */ (place.next ?? place.current);
}

/**
 * @param {Change} change
 * @param {Place} place
 * @param {Line} line
 * @param {string} hash
 * @param {() => string} newCopyId
 */
function put(change, place, line, hash, newCopyId) {
  const copy = target(place, newCopyId);
  const id = String(line.id);
  copy.people.set(id, { version: Number(line.version), hash, keys: line.keys });
  forget(change, copy, id);
  change.puts.push({ copy: copy.id, id, scope: place.scope, tier: place.tier, epoch: "", line });
  change.touched.push(copy.id);
}

/**
 * @param {Change} change
 * @param {Place} place
 * @param {Line} line
 * @param {() => string} newCopyId
 */
function drop(change, place, line, newCopyId) {
  const copy = target(place, newCopyId);
  const id = String(line.id);
  if (!copy.people.delete(id)) return;
  forget(change, copy, id);
  change.drops.push({ copy: copy.id, id, scope: place.scope, tier: place.tier, epoch: "" });
  change.touched.push(copy.id);
}

/** A later line of the page replaces an earlier one. @param {Change} change @param {Copy} copy @param {string} id */
function forget(change, copy, id) {
  const name = `${copy.id}|${id}`;
  if (!change.told.has(name)) {
    change.told.add(name);
    return;
  }
  const isOther = (/** @type {{ copy: string, id: string }} */ one) => one.copy !== copy.id || one.id !== id;
  change.puts = change.puts.filter(isOther);
  change.drops = change.drops.filter(isOther);
}

/**
 * The end of a page: how far each copy has come, whether its sum is the register's, and the swap when all has come.
 *
 * @param {Change} change
 * @param {ClosingCursor} cursor
 * @param {Closing} closing
 * @param {() => string} newCopyId
 */
function close(change, cursor, closing, newCopyId) {
  const place = change.places.find((one) => one.scope === cursor.scope && one.tier === cursor.tier);
  if (!place) return;
  const copy = target(place, newCopyId);
  const cameAt = Date.parse(closing.server_time);
  Object.assign(copy, {
    epoch: cursor.epoch,
    number: cursor.number,
    expected: cursor.people,
    leftOut: cursor.left_out ?? 0,
    beganAt: copy.beganAt || cameAt,
  });
  for (const one of [...change.puts, ...change.drops]) if (one.copy === copy.id) one.epoch = cursor.epoch;
  if (!closing.more) finish(change, place, copy, cursor, cameAt, newCopyId);
}

/**
 * @param {Change} change
 * @param {Place} place
 * @param {Copy} copy
 * @param {ClosingCursor} cursor
 * @param {number} asAt
 * @param {() => string} newCopyId
 */
function finish(change, place, copy, cursor, asAt, newCopyId) {
  const agrees = sumOf(copy.people) === cursor.sum && copy.people.size === cursor.people;
  if (!agrees && !goesOn(change, place, copy, newCopyId)) return;
  Object.assign(copy, agrees ? { asAt, mismatches: 0, restarts: 0 } : { asAt: place.current?.asAt ?? 0 });
  if (copy !== place.next) return;
  if (place.current) empty(change, place.current);
  Object.assign(place, { current: copy, next: null });
}

/**
 * A sum that differs may be one lost page: the scope is started again at the second time, and so often and no more.
 *
 * @param {Change} change
 * @param {Place} place
 * @param {Copy} copy
 * @param {() => string} newCopyId
 * @returns {boolean} whether what came is read all the same
 */
function goesOn(change, place, copy, newCopyId) {
  copy.mismatches += 1;
  const restarts = copy.restarts ?? 0;
  if (copy.mismatches < MISMATCHES || restarts >= RESTARTS) return copy.mismatches >= MISMATCHES;
  startAgain(change, place, null, newCopyId);
  if (place.next) place.next.restarts = restarts + 1;
  return false;
}

/** Whether a copy goes on disagreeing with the register: somebody may be missing. @param {Copy | null} copy */
export const isInDoubt = (copy) => (copy?.restarts ?? 0) >= RESTARTS && (copy?.mismatches ?? 0) >= MISMATCHES;

/** @param {Map<string, Person>} people @returns {string} as the register works it out: modulo 2^64, hexadecimal */
export function sumOf(people) {
  let sum = 0n;
  for (const { hash } of people.values()) sum += BigInt(`0x${hash}`);
  return (sum % MODULUS).toString(16).padStart(16, "0");
}

/** @param {Line[]} lines @returns {Promise<Map<Line, string>>} */
async function hashLines(lines) {
  const puts = lines.filter((line) => line.op === "put");
  return new Map(await Promise.all(puts.map(async (line) => /** @type {const} */ ([line, await hashPerson(line)]))));
}

/**
 * @param {{ id?: string, version?: number }} person
 * @returns {Promise<string>} their part of the sum: the first eight bytes of SHA-256(entry id | version)
 */
export async function hashPerson({ id, version }) {
  return toHex(await crypto.subtle.digest("SHA-256", toBytes(`${id}|${version}`))).slice(0, 16);
}
