/**
 * The page on the tablet: opens the database, decides what is shown first, and lets the screens do their work.
 */

import { askToPersist, findUnfit } from "./health.js";
import { connectLocks } from "./locks.js";
import { connectLoop } from "./loop.js";
import { find, setText, show } from "./page.js";
import { connectCard } from "./screens/card.js";
import { connectEnrol, startEnrol } from "./screens/enrol.js";
import { connectEntry } from "./screens/entry.js";
import { connectReason } from "./screens/reason.js";
import { connectSearch, showSearch } from "./screens/search.js";
import { connectState } from "./screens/state.js";
import { connectStrip, showStrip } from "./screens/strip.js";
import { connectUnlock, showUnlock } from "./screens/unlock.js";
import { connectWaiting } from "./screens/waiting.js";
import { Store } from "./store.js";
import { Tablet } from "./tablet.js";
import { connectUpdates } from "./updates.js";

/** @returns {Promise<void>} */
async function start() {
  const unfit = findUnfit();
  if (unfit) {
    setText('[data-part="unfit"]', unfit);
    show("unfit");
    return;
  }
  const tablet = await openTablet();
  for (const connect of [
    connectStrip,
    connectEnrol,
    connectUnlock,
    connectSearch,
    connectReason,
    connectCard,
    connectEntry,
    connectWaiting,
    connectState,
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

/** @returns {Promise<Tablet>} */
async function openTablet() {
  const store = new Store(undefined, () => sayLost());
  const sources = { device: () => Date.now(), monotonic: () => performance.now() };
  const [savedClock, lastContact] = [await store.meta("clock"), await store.meta("last_contact")];
  const tablet = new Tablet({
    store,
    sources,
    savedClock: savedClock ?? null,
    lastContact: lastContact ?? 0,
    onChange: () => changed(tablet),
  });
  return tablet;
}

/** The browser took the data away, or another window brings a newer program: nothing here may be relied on any more. */
function sayLost() {
  for (const part of ["card", "card-notes", "card-overlay", "plan", "found"])
    find(`[data-part="${part}"]`).replaceChildren();
  setText(
    '[data-part="lost"]',
    "The browser took away what was on this tablet. Say so to your administrator: what was written here and not yet sent may be lost, and must be written again.",
  );
  show("empty");
}

/** @param {Tablet} tablet */
async function showFirst(tablet) {
  const members = await tablet.vault.members();
  const session = navigator.onLine ? await tablet.findSession() : null;
  const isNew = session?.user && !members.some((one) => one.id === session.user?.id);
  if (isNew && session?.user) startEnrol(tablet, session.user, members.length === 0);
  else if (members.length > 0) await showUnlock(tablet);
  else show("empty");
}

/** Something was fetched, sent or refused. @param {Tablet} tablet */
function changed(tablet) {
  tablet.refresh();
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

await start();
