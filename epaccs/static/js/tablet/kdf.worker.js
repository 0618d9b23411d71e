// From a passphrase to a key, slowly, beside the page. The register answers with the library in front of these lines
// (epaccs/sync/views/shell.py), so that this worker loads nothing, and its own answer alone lets it compile WebAssembly.

/** @typedef {{ passphrase: string, salt: Uint8Array, memory: number, passes: number }} Slow */

const library = /** @type {any} */ (globalThis).hashwasm;

/** @param {Slow} wanted */
const work = ({ passphrase, salt, memory, passes }) =>
  library.argon2id({
    password: passphrase,
    salt,
    memorySize: memory,
    iterations: passes,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  });

addEventListener("message", async ({ data }) => {
  try {
    postMessage({ key: await work(data) });
  } catch {
    postMessage({ key: null });
  }
});
