/** The tablet's own program: kept by the browser, it opens without signal; until then the tablet says that it does not. */

import { trustedAddress } from "./trusted.js";

const AGAIN_MS = 15_000;

/** Whether the program opens without signal: no page that came over the line is proof of that. */
let isKept = false;

export const opensWithoutSignal = () => isKept;

/**
 * Have the program kept, and try again until it is: a file of it that got lost on the way leaves nothing kept at all.
 *
 * @param {ServiceWorkerContainer} container
 * @param {() => Promise<void>} wait until it is time to try again
 * @returns {Promise<ServiceWorkerRegistration>} once it is kept
 */
export async function keepProgram(container, wait = waitForLine) {
  isKept = container.controller !== null;
  const address = /** @type {string} */ (trustedAddress("/sw.js"));
  for (;;) {
    const registration = await container.register(address, { scope: "/", updateViaCache: "none" }).catch(() => null);
    if (registration && (registration.active !== null || (await settles(registration)))) {
      if (!container.controller) await takesThisPage(container, registration);
      isKept = true;
      return registration;
    }
    await wait();
  }
}

/** @param {ServiceWorkerRegistration} registration one with nothing kept yet @returns {Promise<boolean>} whether all of it came */
function settles(registration) {
  const worker = registration.installing ?? registration.waiting;
  return new Promise((resolve) => {
    const look = () => {
      if (!worker || worker.state === "redundant") resolve(false);
      else if (worker.state === "activated") resolve(true);
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

/** A page that was on its way while its program was kept is not yet served by it: it could not be unlocked without signal. @param {ServiceWorkerContainer} container @param {ServiceWorkerRegistration} registration */
async function takesThisPage(container, registration) {
  const taken = new Promise((resolve) => container.addEventListener("controllerchange", resolve, { once: true }));
  registration.active?.postMessage("take-pages");
  await taken;
}

/** @returns {Promise<void>} */
function waitForLine() {
  return new Promise((resolve) => {
    const again = () => {
      clearTimeout(timer);
      removeEventListener("online", again);
      resolve();
    };
    const timer = setTimeout(again, AGAIN_MS);
    addEventListener("online", again);
  });
}
