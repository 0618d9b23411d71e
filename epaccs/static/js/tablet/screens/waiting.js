/** What was written on this tablet and what became of it. */

import { trigger } from "../loop.js";
import { find, make, makeButton, show } from "../page.js";
import { standingOf } from "./card.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export function connectWaiting(tablet) {
  document.addEventListener("tablet-waiting", () => showWaiting(tablet));
  find('[data-do="send-now"]').addEventListener("click", () => trigger());
  tablet.vault.onLock(() => find('[data-part="waiting"]').replaceChildren());
}

/** @param {Tablet} tablet */
export async function showWaiting(tablet) {
  const own = await tablet.outbox.own();
  const others = await tablet.outbox.ofOthers(tablet.vault.unlocked?.user.id ?? "");
  const looks = (await tablet.audit.waiting()).length;
  const parts = own.map((one) => waitingPart(tablet, one));
  if (own.length === 0) parts.push(make("p", { text: "Nothing that you wrote waits on this tablet." }));
  if (others > 0)
    parts.push(
      make("p", {
        text: `${others} unsent ${others === 1 ? "change" : "changes"} of other users of this tablet. They are sent without them, and nobody here can read them.`,
      }),
    );
  if (looks > 0)
    parts.push(
      make("p", {
        text: `${looks} ${looks === 1 ? "entry" : "entries"} of who read what ${looks === 1 ? "waits" : "wait"} to be sent.`,
      }),
    );
  find('[data-part="waiting"]').replaceChildren(...parts);
  show("waiting");
}

/** @param {Tablet} tablet @param {import("../outbox.js").Own} own */
function waitingPart(tablet, { row, edit, words, sentences }) {
  const known = tablet.people.get(edit.entry_id);
  const { family_name = "Somebody who is not on this tablet any more", given_name = "" } = known?.keys.shown ?? {};
  const part = make("div", { class: "tablet-unsent" }, [
    make("p", { class: "tablet-person", text: `${family_name} ${given_name}`.trim() }),
    make("p", {}, [make("strong", { text: standingOf(tablet, row) })]),
    make("p", { text: words }),
    ...sentences.map((text) => make("p", { class: "tablet-note", text })),
  ]);
  if (row.state === "held" || row.state === "refused")
    part.append(makeButton("I have read this: take it off the list", () => dismiss(tablet, row.id)));
  return part;
}

/** @param {Tablet} tablet @param {string} id */
async function dismiss(tablet, id) {
  await tablet.outbox.dismiss(id);
  await showWaiting(tablet);
}
