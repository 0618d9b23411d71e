/**
 * The slow way from a passphrase to a key: Argon2id in a worker of its own; PBKDF2 only where the browser runs no WebAssembly.
 */

import { randomBytes, toBytes } from "./bytes.js";
import { normalise } from "./passphrase.js";
import { trustedAddress } from "./trusted.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{ salt: Bytes, memory: number, passes: number }} Argon2Way memory in KiB */
/** @typedef {{ salt: Bytes, rounds: number }} Pbkdf2Way */
/** @typedef {Argon2Way | Pbkdf2Way} SlowWay kept beside the keyring */
/** @typedef {(passphrase: string, way: SlowWay) => Promise<Bytes>} Slow */

/** Strongest first. Source: 64 MiB and 3 passes; never below OWASP's 19 MiB and 2. */
const WAYS = [
  { memory: 64 * 1024, passes: 3 },
  { memory: 32 * 1024, passes: 3 },
  { memory: 19 * 1024, passes: 2 },
];
/** Source: OWASP for PBKDF2 with SHA-256. */
const ROUNDS = 600_000;
const LONGEST_MS = 1500;

/** A browser can be set to run no WebAssembly: then there is none at all. */
export const runsWebAssembly = () => typeof globalThis.WebAssembly === "object";

/** @param {SlowWay} way @returns {way is Argon2Way} */
export const isArgon2 = (way) => "memory" in way;

/** A keyring that was made the strong way is opened the strong way, or not here. @param {SlowWay} way */
export const canWalk = (way) => !isArgon2(way) || runsWebAssembly();

/** @type {Slow} */
export const slowly = (passphrase, way) => (isArgon2(way) ? argon2(passphrase, way) : pbkdf2(passphrase, way));

/** @param {string} passphrase @param {Argon2Way} way @returns {Promise<Bytes>} */
function argon2(passphrase, way) {
  const worker = new Worker(/** @type {string} */ (trustedAddress("/tablet/kdf.js")));
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error("This browser cannot make a key of a passphrase"));
    worker.onerror = fail;
    worker.onmessage = ({ data }) => (data.key ? resolve(data.key) : fail());
    worker.postMessage({ ...way, passphrase: normalise(passphrase) });
  }).finally(() => worker.terminate());
}

/** @param {string} passphrase @param {Pbkdf2Way} way @returns {Promise<Bytes>} */
async function pbkdf2(passphrase, { salt, rounds }) {
  const base = await crypto.subtle.importKey("raw", toBytes(normalise(passphrase)), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds };
  return new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
}

/**
 * The strongest way that this tablet walks in about a second.
 *
 * @param {string} passphrase
 * @param {Slow} slow
 * @param {() => number} monotonic
 * @returns {Promise<{ way: SlowWay, key: Bytes }>}
 */
export async function calibrate(passphrase, slow = slowly, monotonic = () => performance.now()) {
  const salt = randomBytes(16);
  if (!runsWebAssembly()) {
    const way = { salt, rounds: ROUNDS };
    return { way, key: await slow(passphrase, way) };
  }
  const [strongest, ...weaker] = WAYS.map((way) => ({ ...way, salt }));
  let way = /** @type {SlowWay} */ (strongest);
  for (;;) {
    const from = monotonic();
    const key = await slow(passphrase, way);
    const next = monotonic() - from > LONGEST_MS ? weaker.shift() : undefined;
    if (!next) return { way, key };
    way = next;
  }
}
