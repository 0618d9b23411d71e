/**
 * What locks the tablet: nobody touched it, it was out of sight, the page was left, another window was locked, the lease
 * ended, or somebody said so.
 */

import { find } from "./page.js";
import { showUnlock } from "./screens/unlock.js";

/** @typedef {import("./tablet.js").Tablet} Tablet */

const HIDDEN_MS = 60_000;
const LOOK_MS = 5_000;

/** @param {Tablet} tablet */
export function connectLocks(tablet) {
  const channel = new BroadcastChannel("epaccs-tablet-lock");
  let touchedAt = performance.now();
  let hiddenAt = Number.POSITIVE_INFINITY;
  let why = "";

  /** @param {string} words */
  const lock = (words) => {
    why = words;
    tablet.vault.lock();
  };
  tablet.vault.onLock(() => {
    void showUnlock(tablet, why);
    why = "";
  });

  for (const kind of ["pointerdown", "keydown", "scroll"])
    addEventListener(kind, () => (touchedAt = performance.now()), { passive: true });
  find('[data-do="lock"]').addEventListener("click", () => {
    channel.postMessage("locked");
    lock("");
  });
  channel.addEventListener("message", () => lock("Another window of this tablet was locked."));
  addEventListener("pagehide", () => lock(""));
  addEventListener("pageshow", (event) => {
    if (event.persisted) lock("");
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && performance.now() - hiddenAt > HIDDEN_MS)
      lock("Locked because it was out of sight.");
    hiddenAt = document.visibilityState === "hidden" ? performance.now() : Number.POSITIVE_INFINITY;
  });
  setInterval(() => {
    const reason = whyNow(tablet, performance.now() - touchedAt, performance.now() - hiddenAt);
    if (tablet.vault.unlocked && reason) lock(reason);
  }, LOOK_MS);
}

/** @param {Tablet} tablet @param {number} idleMs @param {number} hiddenMs @returns {string} blank: nothing */
function whyNow(tablet, idleMs, hiddenMs) {
  if (idleMs > (tablet.policy.lock_idle_seconds ?? 300) * 1000) return "Locked because nobody touched it.";
  if (hiddenMs > HIDDEN_MS) return "Locked because it was out of sight.";
  return tablet.open === null && tablet.vault.unlocked && !tablet.vault.isInTime()
    ? "The time for which you may read here has ended."
    : "";
}
