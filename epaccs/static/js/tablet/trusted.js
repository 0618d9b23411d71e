/** The only addresses that this program ever runs a script from; the page's own rules refuse every other. */

const ADDRESSES = new Set(["/tablet/kdf.js", "/tablet/scan.js", "/sw.js"]);

/** @typedef {{ createPolicy: (name: string, rules: { createScriptURL: (address: string) => string }) => { createScriptURL: (address: string) => unknown } }} Factory */

/** @param {string} address */
function checkAddress(address) {
  if (!ADDRESSES.has(address)) throw new TypeError("No script is run from there");
  return address;
}

const factory = /** @type {{ trustedTypes?: Factory }} */ (/** @type {unknown} */ (globalThis)).trustedTypes;
const policy = factory?.createPolicy("epaccs-tablet", { createScriptURL: checkAddress });

/**
 * @param {string} address
 * @returns {unknown} what the browser takes for the address of a worker
 */
export const trustedAddress = (address) => (policy ? policy.createScriptURL(address) : checkAddress(address));
