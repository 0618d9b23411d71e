/** What was written on this tablet and what became of it. */

import { askNow } from "../loop.js";
import { find, make, makeButton, show } from "../page.js";
import { againOf } from "./again.js";
import { partsOf } from "./card.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */

/** @param {Tablet} tablet */
export function connectWaiting(tablet) {
  document.addEventListener("tablet-waiting", () => showWaiting(tablet));
  find('[data-do="send-now"]').addEventListener("click", () => askNow());
  tablet.vault.onLock(() => find('[data-part="waiting"]').replaceChildren());
}

/** @param {Tablet} tablet */
export async function showWaiting(tablet) {
  const own = await tablet.outbox.own();
  const parts = own.map((one) => waitingPart(tablet, one));
  if (own.length === 0) parts.push(make("p", { text: "Nothing that you wrote waits on this tablet." }));
  for (const photo of await tablet.photos.refused()) parts.push(refusedPhoto(tablet, photo));
  parts.push(...(await countsOf(tablet)).map((text) => make("p", { text })));
  find('[data-part="waiting"]').replaceChildren(...parts);
  show("waiting");
}

/** What waits besides, of which nothing more can be shown. @param {Tablet} tablet @returns {Promise<string[]>} */
async function countsOf(tablet) {
  const others = await tablet.outbox.ofOthers(tablet.vault.unlocked?.user.id ?? "");
  const photos = (await tablet.photos.waiting()).length;
  const looks = (await tablet.audit.waiting()).length;
  const unsent = others === 1 ? "1 unsent change" : `${others} unsent changes`;
  return [
    others > 0
      ? `${unsent} of other users of this tablet. They are sent without them, and nobody here can read them.`
      : "",
    photos > 0
      ? `${photos === 1 ? "1 photo of a signed form waits" : `${photos} photos of signed forms wait`} to be sent, after everything else.`
      : "",
    looks > 0
      ? `${looks === 1 ? "1 entry of who read what waits" : `${looks} entries of who read what wait`} to be sent.`
      : "",
  ].filter(Boolean);
}

/** @param {Tablet} tablet @param {import("../outbox.js").Own} own */
function waitingPart(tablet, own) {
  const { row, edit } = own;
  const known = tablet.people.get(edit.entry_id);
  const { family_name = "Somebody who is not on this tablet any more", given_name = "" } = known?.keys.shown ?? {};
  const part = make("div", { class: "tablet-unsent" }, [
    make("p", { class: "tablet-person", text: `${family_name} ${given_name}`.trim() }),
    ...partsOf(tablet, own, known?.asAt ?? 0),
    ...againOf(tablet, own),
  ]);
  if (row.state === "held" || row.state === "refused")
    part.append(makeButton("I have read this: take it off the list", () => dismiss(tablet, row.id)));
  return part;
}

/** @param {Tablet} tablet @param {import("../photos.js").Photo} photo */
function refusedPhoto(tablet, photo) {
  const said = `The photo that you took ${tablet.moment(photo.at)} was not taken; that you saw the form was. ${photo.why}`;
  const done = makeButton("I have read this: take it off the list", async () => {
    await tablet.photos.remove(photo.id);
    await showWaiting(tablet);
  });
  return make("div", { class: "tablet-unsent" }, [make("p", { class: "tablet-note", text: said }), done]);
}

/** @param {Tablet} tablet @param {string} id */
async function dismiss(tablet, id) {
  await tablet.outbox.dismiss(id);
  await showWaiting(tablet);
}
