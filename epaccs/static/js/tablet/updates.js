/** A newer program waits until somebody takes it, and never in the middle of writing. */

import { find } from "./page.js";
import { keepProgram } from "./program.js";
import { isWriting, returnToWriting } from "./screens/entry.js";
import { showStrip } from "./screens/strip.js";

/** @typedef {import("./tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export async function connectUpdates(tablet) {
  if (!("serviceWorker" in navigator)) return;
  const registration = await keepProgram(navigator.serviceWorker);
  showStrip(tablet);
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
    if (isWriting())
      return returnToWriting("Save this first, or go back to the card without it. Then update the program.");
    taken();
    waiting.postMessage("take-over");
  };
}
