/**
 * What the plan of one person says, as forms hold it: what the register sent, with what the reader wrote here on top where
 * the copy does not know of it yet. For forms only: card and plan show what was written beside what is kept (hazard H-67).
 * Knows no markup.
 */

/** @typedef {Record<string, unknown>} Said answers by the names of their fields */
/** @typedef {[id: string, title: string, said: Said]} Line one line of a list */
/** @typedef {{ version: number, said?: Said, lines?: Line[], waits?: boolean }} Section as the register sends it */
/** @typedef {{ version: number, said: Said, lines: Line[], waits: boolean, isOwn: boolean }} Held isOwn: something of it is unsent or unknown to the copy */
/** @typedef {{ row: import("./outbox.js").Row, edit: any }} Own */

/** What changes a section of the plan, by its kind. */
const KINDS = new Set(["put", "put_item", "remove_item"]);

/**
 * One section as a form of it holds it.
 *
 * @param {Section | undefined} section undefined: nobody ever wrote in it
 * @param {Own[]} own what its reader wrote here about the person, in order
 * @param {{ name: string, asAt: number, one: string }} about asAt: as of when the copy is; one: what a line is called
 * @returns {Held}
 */
export function holdSection(section, own, { name, asAt, one }) {
  const { version = 0, said = {}, lines = [], waits = false } = section ?? {};
  const unknown = own.filter(({ row, edit }) => edit.section === name && KINDS.has(edit.kind) && isUnknown(row, asAt));
  /** @type {Held} */
  const held = { version, said: { ...said }, lines: [...lines], waits, isOwn: unknown.length > 0 };
  for (const { edit } of unknown) follow(held, edit, one);
  return held;
}

/** Unsent, or answered after the copy was made; what waits for a clinician or was refused changed nothing. @param {import("./outbox.js").Row} row @param {number} asAt */
const isUnknown = (row, asAt) => row.state === "queued" || (row.state === "sent" && row.settledAt >= asAt);

/** @param {Held} held @param {any} edit @param {string} one */
function follow(held, { kind, body }, one) {
  if (kind === "put") held.said = { ...held.said, ...body };
  else if (kind === "remove_item") held.lines = held.lines.filter(([id]) => id !== body.item_id);
  else {
    const [, title = `${one}, entered here`, before = {}] = held.lines.find(([id]) => id === body.item_id) ?? [];
    const line = /** @type {Line} */ ([body.item_id, title, { ...before, ...body.item }]);
    const place = held.lines.findIndex(([id]) => id === body.item_id);
    held.lines.splice(place < 0 ? held.lines.length : place, 1, line);
  }
}

/** @typedef {{ label: string, lead: string, one: string, may: string, tier: string, hasOwn: boolean, isOnline?: boolean }} Told what a section is; hasOwn: answers beside its list */
/** @typedef {{ may_change?: string[], audience?: string }} Lease */

/**
 * Whether the reader may change a section without signal: as policy and lease say; the register judges again.
 *
 * @param {string} name @param {Told} told @param {{ offline_sections?: string[] }} policy @param {Lease} lease
 */
export function mayChange(name, { may, tier, isOnline }, policy, lease) {
  const allowed = policy.offline_sections ?? [];
  if (isOnline || !(allowed.includes("plan") || allowed.includes(name))) return false;
  return (lease.may_change ?? []).includes(may) && sees(lease, tier);
}

/** Whether something of this tier is there for the reader at all. @param {Lease} lease @param {string} [tier] */
export const sees = (lease, tier) => !tier || (lease.audience ?? "").split("+").includes(tier);

/**
 * The body of an edit, of what was typed into its form.
 *
 * @param {string} kind @param {Said} said @param {string} line the line of a list that is meant
 */
export function bodyOf(kind, said, line) {
  if (kind === "put_item") return { item_id: line, item: said };
  return kind === "remove_item" ? { item_id: line, ...said } : said;
}
