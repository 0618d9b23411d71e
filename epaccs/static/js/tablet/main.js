/**
 * The page on the tablet: opens the database, decides what is shown first, and lets the screens do their work.
 */

import { findFleeting, findUnfit } from "./fitness.js";
import { askToPersist, wasSetUp } from "./health.js";
import { connectLocks } from "./locks.js";
import { connectLoop } from "./loop.js";
import { find, setText, show } from "./page.js";
import { connectCard } from "./screens/card.js";
import { connectEnrol, startEnrol } from "./screens/enrol.js";
import { connectEntry, isWriting } from "./screens/entry.js";
import { connectOpeners } from "./screens/openers.js";
import { connectReason } from "./screens/reason.js";
import { connectRoom } from "./screens/room.js";
import { connectRounds } from "./screens/rounds.js";
import { connectSearch, showSearch } from "./screens/search.js";
import { connectSheet } from "./screens/sheet.js";
import { connectState } from "./screens/state.js";
import { connectStrip, showStrip } from "./screens/strip.js";
import { connectUnlock, showUnlock } from "./screens/unlock.js";
import { connectWaiting } from "./screens/waiting.js";
import { Store, StoreLost } from "./store.js";
import { Tablet } from "./tablet.js";
import { connectUpdates } from "./updates.js";

/** @returns {Promise<void>} */
async function start() {
  const unfit = await findUnfit(globalThis, wasSetUp());
  if (unfit) return showUnfit(unfit);
  const tablet = await openTablet();
  for (const connect of [
    connectStrip,
    connectEnrol,
    connectUnlock,
    connectSearch,
    connectReason,
    connectRounds,
    connectCard,
    connectEntry,
    connectSheet,
    connectWaiting,
    connectState,
    connectOpeners,
    connectRoom,
  ]) {
    connect(tablet);
  }
  connectUpdates(tablet);
  connectLocks(tablet);
  connectLoop(tablet);
  connectMenu();
  showWhere();
  void askToPersist();
  showStrip(tablet);
  await showFirst(tablet);
}

/** @param {string} why */
function showUnfit(why) {
  setText('[data-part="unfit"]', why);
  show("unfit");
}

/** @returns {Promise<Tablet>} */
async function openTablet() {
  /** @type {Tablet | null} */
  let opened = null;
  const store = new Store(undefined, (why) => sayLost(why, opened));
  const sources = { device: () => Date.now(), monotonic: () => performance.now() };
  const [savedClock, lastContact] = [await store.meta("clock"), await store.meta("last_contact")];
  const tablet = new Tablet({
    store,
    sources,
    savedClock: savedClock ?? null,
    lastContact: lastContact ?? 0,
    onChange: () => changed(tablet),
  });
  opened = tablet;
  return tablet;
}

const LOST = /** @type {Record<import("./store.js").Loss, string>} */ ({
  taken:
    "The browser took away what was on this tablet. What was written here and not yet sent may be lost: write it again. Tell your administrator, and set the tablet up again where there is signal.",
  newer:
    "A newer program of this tablet runs in another window. Nothing more is read or kept in this one: note down what you have not saved, then load the page again.",
  broken:
    "This page cannot reach what is kept on the tablet. Nothing more is read or kept here: note down what you have not saved, then load the page again.",
});

/**
 * Nothing here may be relied on any more, and it is said in plain words. What somebody is typing stays; nobody's card does.
 *
 * @param {import("./store.js").Loss} why @param {Tablet | null} tablet null: it could not even be opened
 */
function sayLost(why, tablet) {
  const held = ["card", "card-notes", "card-overlay", "card-actions", "plan", "section-kept", "section-parts", "found"];
  for (const part of held) find(`[data-part="${part}"]`).replaceChildren();
  setText('[data-part="lost-words"]', LOST[why]);
  find('[data-part="lost"]').hidden = false;
  find('[data-do="load-again"]').hidden = why === "taken";
  find('[data-part="bar"]').hidden = true;
  setText('[data-part="unsent"]', "");
  if (isWriting()) return;
  show("empty");
  tablet?.vault.lock();
}

/** @param {Tablet} tablet */
async function showFirst(tablet) {
  const members = await tablet.vault.members();
  if (wasSetUp() && !(await tablet.store.meta("device_id"))) sayLost("taken", tablet);
  const newcomer = await findNewcomer(tablet, members);
  const unfit = newcomer && members.length === 0 ? await findFleeting() : null;
  if (unfit) showUnfit(unfit);
  else if (newcomer) startEnrol(tablet, newcomer, members.length === 0);
  else if (members.length > 0) await showUnlock(tablet);
  else show("empty");
}

/**
 * @param {Tablet} tablet
 * @param {{ id: string }[]} members
 * @returns {Promise<import("./tablet.js").Session | null>} whoever is signed in to the register here and no user of this tablet; null: nobody
 */
async function findNewcomer(tablet, members) {
  const session = navigator.onLine ? await tablet.findSession() : null;
  const userId = session?.user?.id;
  return userId && !members.some(({ id }) => id === userId) ? session : null;
}

/** Something was fetched, sent or refused. @param {Tablet} tablet */
function changed(tablet) {
  if (tablet.sync.state.phase === "fetching") tablet.refreshSoon();
  else tablet.refresh();
  showStrip(tablet);
  if (tablet.sync.state.phase === "erased") show("empty");
}

/** Another page of the register was asked for, and this one came in its place. */
function showWhere() {
  const { pathname, search } = location;
  const slow = new URLSearchParams(search);
  slow.set("slow", "1");
  find('[data-part="elsewhere"]').hidden = pathname === "/tablet";
  find('[data-part="slow-link"]').setAttribute("href", `${pathname}?${slow}`);
}

function connectMenu() {
  for (const button of document.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => {
      const to = String(/** @type {HTMLElement} */ (button).dataset.go);
      if (to === "search") showSearch();
      else show(to);
      document.dispatchEvent(new CustomEvent(`tablet-${to}`));
    });
  }
}

/** What cannot even be opened is said too: the reason, or that the page must be loaded again. */
try {
  await start();
} catch (error) {
  if (!(error instanceof StoreLost)) sayLost("broken", null);
}
find('[data-do="load-again"]').addEventListener("click", () => location.reload());
