// From a picture to the text of a square code, beside the page. The register answers with the library in front of these
// lines (epaccs/sync/views/shell.py), so that this worker loads nothing.

/** @typedef {{ data: Uint8ClampedArray, width: number, height: number }} Picture */

const read = /** @type {any} */ (globalThis).jsQR;

addEventListener("message", (/** @type {MessageEvent<Picture>} */ { data: { data, width, height } }) => {
  postMessage({ text: read(data, width, height, { inversionAttempts: "dontInvert" })?.data ?? null });
});
