/** The strip that is always there: when the register last answered, and what waits. It never says "online". */

import { find, make, setText } from "../page.js";
import { opensWithoutSignal } from "../program.js";
import { showAge } from "./card.js";
import { showDownload } from "./search.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

const EVERY_MS = 15_000;
/** With fewer pieces of the reserve, somebody has to make room on the device. */
const FEW_PIECES = 16;

const PHASES = /** @type {Record<string, string>} */ ({
  portal: "This network asks for a sign-in of its own. Sign in to the network, or use another one.",
  "sign-in": "Sign in to the register again, so that new copies can be fetched. What you wrote is kept.",
  erased:
    "This tablet was taken out of use: what it held of anybody is erased. What was not sent is kept and will be sent.",
  "no-room":
    "This tablet has no room left, so new copies cannot be kept. What is here stays. Remove pictures or other files from the device.",
  update: "This program is too old for the register. Update it.",
});

/** @param {Tablet} tablet */
export function connectStrip(tablet) {
  setInterval(() => showStrip(tablet), EVERY_MS);
  tablet.vault.onLock(() => showStrip(tablet));
  for (const news of ["tablet-written", "tablet-news"]) document.addEventListener(news, () => showStrip(tablet));
}

/** @param {Tablet} tablet */
export async function showStrip(tablet) {
  if (tablet.store.loss) return;
  const here = tablet.vault.unlocked;
  const { phase, lastContact } = tablet.sync.state;
  setText(
    '[data-part="contact"]',
    lastContact > 0 ? `Last contact ${tablet.moment(lastContact)}` : "No contact with the register yet",
  );
  setText('[data-part="who"]', here?.user.name ?? "");
  find('[data-part="bar"]').hidden = !here;
  find('[data-part="rounds"]').hidden = (tablet.policy.rounds?.most_residents ?? 0) === 0;
  showBanner(tablet, PHASES[phase] ?? "");
  showDownload(tablet);
  showAge(tablet);
  const waiting = (await tablet.outbox.waiting()).length;
  setText(
    '[data-part="unsent"]',
    waiting === 0 ? "nothing waits to be sent" : `${waiting} ${waiting === 1 ? "change" : "changes"} waiting`,
  );
  setText('[data-part="count"]', waiting > 0 ? String(waiting) : "");
}

/** @param {Tablet} tablet @param {string} words */
function showBanner(tablet, words) {
  const banner = find('[data-part="banner"]');
  const isGlass = tablet.vault.unlocked?.isBrokenGlass ?? false;
  const glass = isGlass
    ? `Your lease has ended. You may read until ${tablet.moment(tablet.vault.unlocked?.until ?? 0)}; it is looked into.`
    : "";
  const text = [glass, words, programWords(tablet.sync.state), roomWords(tablet.sync.state)].filter(Boolean).join(" ");
  if (banner.dataset.text !== text) banner.replaceChildren(make("span", { text }));
  banner.dataset.text = text;
  banner.hidden = text === "";
}

/** Whoever set it up must not leave the signal before it opens without. @param {import("../contact.js").State} state */
const programWords = ({ lastContact }) =>
  lastContact === 0 || opensWithoutSignal()
    ? ""
    : "This tablet does not open without signal yet: its program is still being kept. Stay where there is signal until this line has gone.";

/** How short room is; every card stays, whatever makes way. @param {import("../contact.js").State} state */
function roomWords({ phase, missingPlans, reserve }) {
  const plans = missingPlans === 1 ? "1 whole plan was" : `${missingPlans} whole plans were`;
  const away =
    missingPlans > 0
      ? `Room is short: ${plans} taken off this tablet, those first that nobody had looked at for longest. Every card is here.`
      : "";
  const last =
    reserve >= FEW_PIECES || phase === "no-room"
      ? ""
      : "There is hardly any room left on this device: remove pictures or other files, or soon nothing can be written down here.";
  return [away, last].filter(Boolean).join(" ");
}
