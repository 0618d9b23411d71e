/** A newer program waits until somebody takes it, and never in the middle of writing. */

import { find } from "./page.js";
import { isWriting } from "./screens/entry.js";
import { trustedAddress } from "./trusted.js";

/** @typedef {import("./tablet.js").Tablet} Tablet */

/** @param {Tablet} _tablet */
export async function connectUpdates(_tablet) {
  if (!("serviceWorker" in navigator)) return;
  const address = /** @type {string} */ (trustedAddress("/sw.js"));
  const registration = await navigator.serviceWorker
    .register(address, { scope: "/", updateViaCache: "none" })
    .catch(() => null);
  if (!registration) return;
  let isTaken = false;
  const offer = () => {
    if (registration.waiting && navigator.serviceWorker.controller)
      showOffer(registration.waiting, () => (isTaken = true));
  };
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  navigator.serviceWorker.addEventListener("controllerchange", () => isTaken && location.reload());
  setInterval(() => void registration.update().catch(() => {}), 3_600_000);
  offer();
}

/** @param {ServiceWorker} waiting @param {() => void} taken */
function showOffer(waiting, taken) {
  find('[data-part="newer"]').hidden = false;
  find('[data-do="update"]').onclick = () => {
    if (isWriting()) return;
    taken();
    waiting.postMessage("take-over");
  };
}
