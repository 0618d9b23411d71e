/**
 * When the tablet speaks with the register: at the start, when a network comes, when the page is looked at again, after
 * something was written, and when it is time. Of all windows of a tablet one speaks.
 */

/** @typedef {import("./tablet.js").Tablet} Tablet */

let timer = 0;
/** Of two windows one speaks; when it has ended, or its window crashed, the other does so within this time. */
const OTHER_SPEAKS_MS = 3_000;

/** @type {() => void} */
let wake = () => {};

/** @param {Tablet} tablet */
export function connectLoop(tablet) {
  const news = new BroadcastChannel("epaccs-tablet-news");
  news.addEventListener("message", () => readAgain(tablet).catch(() => {}));
  let isBusy = false;
  let isWanted = false;

  const round = async () => {
    clearTimeout(timer);
    isWanted = isBusy;
    if (isBusy) return;
    isBusy = true;
    const waitMs = await speak(tablet, news).catch(() => 30_000);
    isBusy = false;
    timer = setTimeout(round, isWanted ? 0 : waitMs);
  };
  wake = () => void round();
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  document.addEventListener("tablet-spoilt", wake);
  document.addEventListener("tablet-written", () => {
    news.postMessage("news");
    wake();
  });
  wake();
}

/** Somebody came in, or wants to know what is new. */
export const askNow = () => wake();

/** @param {Tablet} tablet @param {BroadcastChannel} news @returns {Promise<number>} */
async function speak(tablet, news) {
  const waitMs = await navigator.locks.request("epaccs-sync", { ifAvailable: true }, async (lock) => {
    if (!lock) return OTHER_SPEAKS_MS;
    if (!(await tablet.store.meta("device_id"))) return 30_000;
    await tablet.sync.renewInTime();
    return tablet.sync.round();
  });
  news.postMessage("news");
  return waitMs;
}

/** Another window fetched, sent or wrote something. @param {Tablet} tablet */
async function readAgain(tablet) {
  tablet.sync.state.lastContact = (await tablet.store.meta("last_contact")) ?? 0;
  if (tablet.vault.unlocked) {
    await tablet.copies.load();
    tablet.refresh();
  }
  document.dispatchEvent(new CustomEvent("tablet-news"));
}
