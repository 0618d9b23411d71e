/**
 * The slow way from a passphrase to a key: Argon2id in a worker of its own.
 */

import { randomBytes } from "./bytes.js";
import { normalise } from "./passphrase.js";
import { trustedAddress } from "./trusted.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */
/** @typedef {{ salt: Bytes, memory: number, passes: number }} SlowWay kept beside the keyring; memory in KiB */
/** @typedef {(passphrase: string, way: SlowWay) => Promise<Bytes>} Slow */

/** Strongest first. Source: 64 MiB and 3 passes; never below OWASP's 19 MiB and 2. */
const WAYS = [
  { memory: 64 * 1024, passes: 3 },
  { memory: 32 * 1024, passes: 3 },
  { memory: 19 * 1024, passes: 2 },
];
const LONGEST_MS = 1500;

/** @type {Slow} */
export function argon2(passphrase, way) {
  const worker = new Worker(/** @type {string} */ (trustedAddress("/tablet/kdf.js")));
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error("This browser cannot make a key of a passphrase"));
    worker.onerror = fail;
    worker.onmessage = ({ data }) => (data.key ? resolve(data.key) : fail());
    worker.postMessage({ ...way, passphrase: normalise(passphrase) });
  }).finally(() => worker.terminate());
}

/**
 * The strongest way that this tablet walks in about a second.
 *
 * @param {string} passphrase
 * @param {Slow} slow
 * @param {() => number} monotonic
 * @returns {Promise<{ way: SlowWay, key: Bytes }>}
 */
export async function calibrate(passphrase, slow = argon2, monotonic = () => performance.now()) {
  const salt = randomBytes(16);
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
