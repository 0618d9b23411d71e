// Keeps the shell of the tablet, and nothing of anybody: no page with a person and no answer of /sync is ever stored.
// The register writes the list of the shell's files in front of these lines (epaccs/sync/views/shell.py): self.SHELL.
// A newer worker waits until somebody takes it; the files of the version before stay for pages that still run it.

/** @typedef {{ version: string, files: Record<string, string> }} Shell */

const worker = /** @type {any} */ (globalThis);
const { version, files } = /** @type {Shell} */ (worker.SHELL);

const PREFIX = "shell-";
const CACHE = PREFIX + version;
const PATIENCE_MS = 3000;

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data === "take-over") worker.skipWaiting();
  if (event.data === "take-pages") event.waitUntil(worker.clients.claim());
});
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const answer = answerTo(event.request);
  if (answer) event.respondWith(answer);
});

/** All files, each as the register has it, or none: what a captive portal sends is not taken for ours. */
async function install() {
  const fetched = await Promise.all(Object.entries(files).map(([address, digest]) => fetchFile(address, digest)));
  const cache = await caches.open(CACHE);
  await Promise.all(fetched.map(([address, response]) => cache.put(address, response)));
}

/** @param {string} address @param {string} digest @returns {Promise<[string, Response]>} */
async function fetchFile(address, digest) {
  const response = await fetch(address, { cache: "no-cache", redirect: "error" });
  const content = await response.clone().arrayBuffer();
  const found = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", content))));
  const isOurs = found.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") === digest;
  if (!response.ok || !isOurs) throw new Error("A file of the shell is not as the register has it");
  return [address, response];
}

/** The version before stays; older ones go. */
async function activate() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** @param {Request} request @returns {Promise<Response> | null} null: the browser asks the network itself */
function answerTo(request) {
  const { origin, pathname, searchParams } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return null;
  if (pathname === "/tablet") return findKept("/tablet", request);
  if (request.mode === "navigate") return searchParams.has("slow") ? null : openPage(request);
  return pathname in files || pathname.startsWith("/static/") ? findKept(pathname, request) : null;
}

/** @param {string} address @param {Request} request @returns {Promise<Response>} */
async function findKept(address, request) {
  const current = await caches.open(CACHE);
  return (await current.match(address)) ?? (await caches.match(address)) ?? fetch(request);
}

/** A page of the register, when it answers within three seconds; else the tablet's own, which says so. @param {Request} request @returns {Promise<Response>} */
async function openPage(request) {
  /** @type {Promise<null>} */
  const tooLong = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const answer = await Promise.race([fetch(request).catch(() => null), tooLong]);
  return answer ?? findKept("/tablet", new Request("/tablet"));
}
