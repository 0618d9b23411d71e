/**
 * The whole plan as this tablet holds it, and its sections to be changed or confirmed without signal. What was written here
 * and is not in the copy stands beside what is kept, never in its place (hazard H-67).
 */

import { holdSection, mayChange } from "../answers.js";
import { fillPlan } from "../fill.js";
import { find, make, makeButton, setText, show } from "../page.js";
import { partsOf, readingOf, whoseOf } from "./card.js";
import { startEntry } from "./entry.js";
import { findSections } from "./printed.js";

/** @typedef {import("../tablet.js").Tablet} Tablet */
/** @typedef {import("../tablet.js").OpenCard} OpenCard */
/** @typedef {import("../answers.js").Told} Told */
/** @typedef {{ tablet: Tablet, open: OpenCard, name: string, told: Told, kept?: Node | null }} Here one section of whoever is open; kept: as the plan shows it */

/** @param {Tablet} tablet @param {OpenCard} open */
export async function showPlan(tablet, open) {
  const root = find('[data-part="plan"]');
  fillPlan(root, open.plan, readingOf(tablet, open));
  const own = await tablet.outbox.about(open.known.id);
  const sections = await findSections().catch(() => []);
  setText('[data-part="plan-problem"]', problemOf(open, sections.length > 0));
  for (const [name, told] of sections) addToSection(root, { tablet, open, name, told }, own);
  show("plan");
}

/** @param {OpenCard} open @param {boolean} isRead */
function problemOf({ answers }, isRead) {
  if (!isRead) return "The forms could not be read. Load this page again to change the plan here.";
  return answers ? "" : "The address is restricted: this plan is changed on the register itself.";
}

/** @param {HTMLElement} root @param {Here} here @param {import("../outbox.js").Own[]} own */
function addToSection(root, here, own) {
  const { tablet, open, name, told } = here;
  const place = root.querySelector(`#section-${name}`);
  if (!place) return;
  const kept = place.matches("section") ? place.cloneNode(true) : null;
  const written = own.filter(({ edit }) => edit.section === name);
  place.append(...written.map((one) => overlayOf(tablet, open, one)));
  if (isOpenTo(here)) place.append(changeLink({ ...here, kept }));
  else if (told.isOnline) place.append(make("p", { class: "app-source", text: "Changed on the register itself." }));
}

/** @param {Here} here */
const isOpenTo = ({ tablet, open, name, told }) =>
  open.answers !== null && mayChange(name, told, tablet.policy, tablet.vault.unlocked?.claims ?? {});

/** @param {Tablet} tablet @param {OpenCard} open @param {import("../outbox.js").Own} one */
const overlayOf = (tablet, { known }, one) => make("div", { class: "tablet-unsent" }, partsOf(tablet, one, known.asAt));

/** @param {Here} here */
function changeLink(here) {
  const words = make("span", { class: "nhsuk-u-visually-hidden", text: ` ${here.told.label}` });
  const link = make("button", { class: "app-link-button tablet-change", type: "button" }, ["Change or confirm", words]);
  link.addEventListener("click", () => showSection(here));
  return link;
}

// --- One section ---

/** @param {Here} here */
async function showSection(here) {
  const { tablet, open, name, told } = here;
  const own = await tablet.outbox.about(open.known.id);
  const held = holdSection(open.answers?.[name], own, { name, asAt: open.known.asAt, one: told.one });
  const written = own.filter(({ edit }) => edit.section === name);
  setText('[data-part="section-title"]', told.label);
  setText('[data-part="section-whose"]', whoseOf(open));
  setText('[data-part="section-lead"]', told.lead);
  find('[data-part="section-kept"]').replaceChildren(...keptOf(here));
  find('[data-part="section-parts"]').replaceChildren(
    ...written.map((one) => overlayOf(tablet, open, one)),
    ...(await changesOf(here, held)),
    ...confirmOf(here, held),
    makeButton("Back to the plan", () => showPlan(tablet, open)),
  );
  show("section");
}

/** What is kept, as the plan shows it: whoever confirms has it before them. @param {Here} here @returns {Node[]} */
function keptOf({ kept }) {
  if (!(kept instanceof HTMLElement)) return [];
  const shown = /** @type {HTMLElement} */ (kept.cloneNode(true));
  for (const part of [shown, ...shown.querySelectorAll("[id]")]) part.removeAttribute("id");
  shown.removeAttribute("aria-labelledby");
  shown.querySelector(".app-section__top")?.remove();
  return [shown];
}

/** What of it can be changed: its own answers, each line of its list, one line more. @param {Here} here @param {import("../answers.js").Held} held */
async function changesOf(here, held) {
  const { told } = here;
  const note = held.isOwn
    ? "What you wrote here and is not in the copy is filled in. Only what you change is sent."
    : "";
  const lead = note || "Only what you change is sent.";
  /** @param {string} kind @param {string} title @param {Partial<import("./entry.js").Asked>} more */
  const start = (kind, title, more) => write(here, { kind, title, lead, ...more });
  const parts = told.hasOwn
    ? [makeButton("Change the answers", () => start("put", told.label, { said: held.said }), "")]
    : [];
  for (const [line, title, said] of held.lines) {
    parts.push(
      make("div", { class: "tablet-line" }, [
        make("h3", { class: "nhsuk-heading-s", text: title }),
        makeButton("Change", () => start("put_item", `${told.label}: ${title}`, { line, said })),
        makeButton("Remove", () => start("remove_item", `Remove: ${title}`, { line, lead: REMOVED })),
      ]),
    );
  }
  if (told.one)
    parts.push(makeButton(`Add ${told.one}`, () => start("put_item", `${told.label}: add ${told.one}`, { lead: "" })));
  return parts;
}

const REMOVED = "It is taken out of the list when this reaches the register. It stays in the history.";

/** @param {Here} here @param {import("../answers.js").Held} held */
function confirmOf(here, { version, waits, isOwn }) {
  if (version === 0 || isOwn) return [];
  if (waits) return [make("p", { text: WAITS })];
  const { label } = here.told;
  const title = `${label}: looked at, still right`;
  return [makeButton("Looked at, still right", () => write(here, { kind: "confirm", title, lead: CONFIRMED }))];
}

const WAITS =
  "Somebody else's change is not settled here, or a copy from paper was not compared: do that on the register itself.";
const CONFIRMED =
  "You say that you looked at this section and that it is still right. Its answers keep their own authors.";

/** @param {Here} here @param {{ kind: string, title: string } & Partial<import("./entry.js").Asked>} wanted */
function write(here, wanted) {
  const { tablet, open, name } = here;
  const lease = tablet.vault.unlocked?.claims ?? {};
  return startEntry({ whose: whoseOf(open), section: name, lease, back: () => showSection(here), ...wanted });
}
