/** What the register refused is entered again by its author: with what it said then, on what is kept now. */

import { holdSection } from "../answers.js";
import { make, makeButton } from "../page.js";
import { showCard, whoseOf } from "./card.js";
import { startEntry } from "./entry.js";
import { findSections } from "./printed.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../tablet.js").OpenCard} OpenCard */
/** @typedef {import("../outbox.js").Own} Own */

/** The way to enter it again, where the card of its person is open. @param {Tablet} tablet @param {Own} own @returns {HTMLElement[]} */
export function againOf(tablet, own) {
  const { row, edit } = own;
  const { open } = tablet;
  if (row.state !== "refused") return [];
  if (!open || open.known.id !== edit.entry_id)
    return [make("p", { text: "Open the card of this person to enter it again." })];
  return [makeButton("Enter it again", () => enterAgain(tablet, open, own))];
}

/** @param {Tablet} tablet @param {OpenCard} open @param {Own} own */
async function enterAgain(tablet, open, { row, edit, words, sentences }) {
  const { section, kind, body } = edit;
  const told = new Map(await findSections().catch(() => [])).get(section);
  const [title = "", ...said] = words.split("\n");
  const asked = {
    ...{ kind, title, whose: whoseOf(open) },
    lead: `You wrote: ${said.join("; ") || title}. The register did not take it: ${sentences.join(". ")}`,
    again: { id: row.id, body: body.item ?? body },
    back: () => showCard(tablet, open),
  };
  if (!told) return startEntry(asked);
  const about = { name: section, asAt: open.known.asAt, one: told.one };
  const held = holdSection(open.answers?.[section], await tablet.outbox.about(open.known.id), about);
  const line = held.lines.find(([id]) => id === body.item_id);
  const kept = kind === "put" ? { said: held.said } : kind === "put_item" && line ? { said: line[2] } : {};
  const lease = tablet.vault.unlocked?.claims ?? {};
  return startEntry({ ...asked, ...kept, section, lease, line: body.item_id });
}
