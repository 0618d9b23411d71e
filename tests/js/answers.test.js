/** A plan is written to without signal on what is kept, says only what was changed, and replaces nothing (hazard H-67). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bodyOf, holdSection, mayChange, sees } from "../../epaccs/static/js/tablet/answers.js";
import { readForm, toTyped } from "../../epaccs/static/js/tablet/forms.js";
import { NOON } from "./register.js";

const { now, cases } = JSON.parse(readFileSync(new URL("answers.json", import.meta.url), "utf8"));

const fieldOf = ({ kind, options: { required, values = {}, ...options } }) => ({
  ...{ name: "it", kind, label: "Day of it", values: kind === "yes_no" ? { yes: "Yes", no: "No" } : values },
  ...(kind.startsWith("text") ? { limit: 200 } : {}),
  ...(required ? { ask: "Enter the day of it" } : {}),
  ...options,
});

for (const one of cases) {
  test(`an answer is read and refused as the register reads and refuses it: ${one.name}`, () => {
    const { body, problems } = readForm({ fields: [fieldOf(one)] }, one.typed, Date.parse(now));
    assert.deepEqual(
      problems.map(({ field, words }) => [field, words]),
      one.refused ? [one.refused] : [],
    );
    const value = one.kind === "moment" && one.value ? one.value.replace("+00:00", ".000000Z") : one.value;
    assert.deepEqual(body.it ?? null, value);
  });
}

for (const one of cases.filter(({ value }) => value !== null)) {
  test(`what is kept is read back from its boxes as it was: ${one.name}`, () => {
    const field = fieldOf(one);
    const { body } = readForm({ fields: [field] }, toTyped(field, one.value), Date.parse(now));
    const value = one.kind === "moment" ? one.value.replace("+00:00", ".000000Z") : one.value;
    assert.deepEqual(body.it, value);
  });
}

const FIELDS = [
  { name: "place", kind: "text", label: "Place?", values: {}, ask: "Enter the place" },
  { name: "on", kind: "date", label: "When?", values: {} },
  { name: "note", kind: "textarea", label: "Note", values: {}, limit: 200, passages: true },
];
const KEPT = { place: ["Hospice"], "on-day": ["1"], "on-month": ["2"], "on-year": ["2026"], note: ["He [[cannot]]"] };
const change = (typed) => readForm({ fields: FIELDS }, { ...KEPT, ...typed }, NOON, KEPT);

test("only what was changed is said, and what was cleared as null", () => {
  assert.deepEqual(change({}).body, {});
  assert.deepEqual(change({ place: ["Home"] }).body, { place: "Home" });
  const { body, words } = change({ "on-day": [""], "on-month": [""], "on-year": [""] });
  assert.deepEqual(body, { on: null });
  assert.deepEqual(words, ["When? (cleared)"]);
});

test("what must be there cannot be cleared, and what was kept already is not asked for again", () => {
  assert.deepEqual(
    change({ place: [""] }).problems.map(({ words }) => words),
    ["Enter the place"],
  );
  assert.deepEqual(change({ note: [""] }).problems, []);
});

test("a kept answer that this form would refuse stands in nobody's way until it is changed", () => {
  const kept = { ...KEPT, note: ["[[open"] };
  assert.deepEqual(readForm({ fields: FIELDS }, { ...kept, place: ["Home"] }, NOON, kept).problems, []);
  assert.equal(readForm({ fields: FIELDS }, { ...kept, note: ["[[still open"] }, NOON, kept).problems.length, 1);
});

// --- What a form holds ---

const PLACES = { version: 3, said: { place: "Hospice", note: "x" }, lines: [["l1", "Chidi", { name: "Chidi" }]] };
const ABOUT = { name: "places", asAt: NOON, one: "contact" };
const wrote = (kind, body, state = "queued", settledAt = 0, section = "places") => ({
  row: { state, settledAt },
  edit: { section, kind, body },
});
const hold = (...own) => holdSection(PLACES, own, ABOUT);

test("a form holds what the register sent, and what its reader wrote here since on top", () => {
  assert.deepEqual(hold(), { ...PLACES, waits: false, isOwn: false });
  const held = hold(
    wrote("put", { place: "Home", note: null }),
    wrote("put_item", { item_id: "l1", item: { phone: "1" } }),
    wrote("put_item", { item_id: "l2", item: { name: "Ngozi" } }),
    wrote("confirm", {}),
  );
  assert.deepEqual(held.said, { place: "Home", note: null });
  assert.deepEqual(held.lines, [
    ["l1", "Chidi", { name: "Chidi", phone: "1" }],
    ["l2", "contact, entered here", { name: "Ngozi" }],
  ]);
  assert.equal(held.isOwn, true);
  assert.equal(held.version, 3);
  assert.deepEqual(hold(wrote("remove_item", { item_id: "l1", reason: "moved" })).lines, []);
  assert.equal(PLACES.said.place, "Hospice");
});

test("what was taken and is in the copy, waits for a clinician, was refused or is elsewhere changes no form", () => {
  const body = { place: "Home" };
  for (const own of [
    wrote("put", body, "sent", NOON - 1),
    wrote("put", body, "held", NOON + 1),
    wrote("put", body, "refused", NOON + 1),
    wrote("put", body, "queued", 0, "contacts"),
  ])
    assert.equal(hold(own).said.place, "Hospice");
  assert.equal(hold(wrote("put", body, "sent", NOON)).said.place, "Home");
});

test("a section in which nobody ever wrote is written to on no version", () => {
  assert.deepEqual(holdSection(undefined, [], ABOUT), { version: 0, said: {}, lines: [], waits: false, isOwn: false });
});

test("an edit says which line it means", () => {
  assert.deepEqual(bodyOf("put", { a: 1 }, "l1"), { a: 1 });
  assert.deepEqual(bodyOf("put_item", { a: 1 }, "l1"), { item_id: "l1", item: { a: 1 } });
  assert.deepEqual(bodyOf("remove_item", { reason: "moved" }, "l1"), { item_id: "l1", reason: "moved" });
});

// --- Who may ---

const TOLD = { label: "", lead: "", one: "", may: "plan", tier: "T2", hasOwn: true };
const GP = { may_change: ["plan", "contacts"], audience: "T0+T1+T2+T3" };
const may = (policy, lease, told = TOLD) => mayChange("places", told, { offline_sections: policy }, lease);

test("only whom policy and lease let change a section is offered to", () => {
  assert.equal(may(["plan"], GP), true);
  assert.equal(may(["places"], GP), true);
  assert.equal(may(["cpr.sign"], GP), false);
  assert.equal(may(["plan"], { ...GP, may_change: ["contacts"] }), false);
  assert.equal(may(["plan"], { ...GP, audience: "T0+T1" }), false);
  assert.equal(may(["plan"], {}), false);
  assert.equal(may(["plan"], { ...GP, may_change: ["contacts"] }, { ...TOLD, may: "contacts" }), true);
  assert.equal(mayChange("places", TOLD, {}, GP), false);
  assert.equal(sees(GP, "T4"), false);
});

test("what is asked on the register alone is offered to nobody here", () => {
  assert.equal(may(["plan"], GP, { ...TOLD, isOnline: true }), false);
});
