/**
 * Fills the card and the plan of one person into the markup of the page, from their words (docs/offline.md, the view).
 *
 * It decides nothing and has no words of its own: what it works out is how old the copy is, and how many days ago a date
 * was. An element of the markup (templates/tablet/_templates.html) that has nothing to say is taken away (hazard H-49).
 *
 * @typedef {string | string[]} Run a text; or its kind, the text, and where it leads
 * @typedef {Run[]} Line
 * @typedef {{name: string, who?: string, short?: string, number: string, dialled: string}} Call
 * @typedef {{shape: string, line: Line, is_overdue?: boolean, beneath?: string[], words?: Line[],
 *   sides?: [string, string[]][], further?: Line[]}} CPR
 * @typedef {{label: string, look?: string, when?: string, copied?: Line, missing?: string, hidden?: Line, calls?: Call[],
 *   lines?: Line[], doubts?: Line[], code?: string, dispute?: Line[]}} Part
 * @typedef {{label: string, words: string, doubt?: Line, source?: string}} Fact
 * @typedef {{title: string, facts?: Fact[], source?: string}} Group
 * @typedef {{name: string, label: string, dispute?: Line[], disagreements?: Line[][], missing?: string, facts?: Fact[],
 *   groups?: Group[], notes?: string[], source?: string, copied?: Line, confirmed?: string}} Section
 * @typedef {{heading: string, lead?: string, sections: {name: string, label: string, when?: string}[]}} Blanks
 * @typedef {{name: string, preferred?: [string, string], facts: [string, string][], address?: [string, string],
 *   warnings?: string[], has_died?: boolean}} Who
 * @typedef {{from: string, view: object}[]} Later
 * @typedef {{until: string, later?: Later, past_age?: object, strip?: {changed?: string}, who: Who, alarms?: string[],
 *   cpr: CPR, disagreements?: Line[][], parts: Part[], bar: number, below?: Section[]}} View
 * @typedef {{later?: Later, sections?: Section[], blank?: Blanks, asked_later?: Blanks}} Plan
 * @typedef {{now: number, leftAt: number, ageLimitMilliseconds: number, notices?: string[]}} Reading moments by the
 *   register's clock, in milliseconds; `leftAt`: when this copy was last known to be what the register says
 */

import { dayNumber, toDay, toTime } from "./clock.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A clock that is a little wrong makes no age unknown; as `CLOCK_ERROR` of the CPR rules. */
const CLOCK_ERROR = 10 * MINUTE;

/**
 * The emergency card, the long passages that it leads to, and the bar of numbers, in place of what the root holds.
 *
 * @param {HTMLElement} root @param {View} view @param {Reading} reading
 */
export function fillCard(root, view, reading) {
  const isPast = isPastAge(view, reading);
  const shown = readAt(view, reading.now);
  const it = isPast ? /** @type {View} */ (merge(shown, shown.past_age ?? {})) : shown;
  const at = new At(reading);
  const markup = copyOf("card");
  fillStrip(one(markup, ".app-strip"), it, reading, isPast && shown.past_age !== undefined);
  fillWho(one(markup, ".app-who"), it.who);
  each(one(markup, ".app-card__alarm"), [...(it.alarms ?? []), ...(reading.notices ?? [])], (alarm, words) => {
    alarm.textContent = words;
  });
  fillCPR(one(markup, ".app-cpr"), it.cpr, at);
  each(one(markup, ".app-card > .app-disagrees"), it.disagreements, (box, lines) => at.fillBox(box, lines));
  each(one(markup, ".app-part"), it.parts, (part, words) => fillPart(part, words, at));
  const calls = it.parts.flatMap((part) => part.calls ?? []).slice(0, it.bar);
  each(one(markup, ".app-bar .app-call"), calls, (link, call) => fillCall(link, call, call.short));
  root.replaceChildren(markup, ...(it.below ?? []).map((section) => passage(section, at)));
}

/**
 * The whole record, in place of what the root holds.
 *
 * @param {HTMLElement} root @param {Plan} plan @param {Reading} reading
 */
export function fillPlan(root, plan, reading) {
  const it = readAt(plan, reading.now);
  const at = new At(reading);
  const markup = copyOf("plan");
  each(one(markup, ".app-section--blank"), maybe(it.blank), fillBlanks);
  each(one(markup, ".app-later"), maybe(it.asked_later), fillBlanks);
  each(one(markup, ".app-section:not(.app-section--blank)"), it.sections, (section, words) => {
    fillSection(section, words, at);
  });
  root.replaceChildren(markup);
}

// The moment of reading

/** What depends on it: the age of the copy, and how many days ago something was. */
class At {
  /** @param {Reading} reading */
  constructor({ now, leftAt }) {
    this.age = ageOfCopy(leftAt, now);
    this.today = dayNumber(now);
  }

  /** @param {Element} element @param {Line} [line] */
  fill(element, line = []) {
    element.replaceChildren(...line.flatMap((run) => this.nodes(run)));
  }

  /** @param {Element} box @param {Line[]} lines */
  fillBox(box, lines) {
    each(one(box, "p"), lines, (paragraph, line) => this.fill(paragraph, line));
  }

  /** @param {Run} run @returns {(string | Node)[]} */
  nodes(run) {
    if (typeof run === "string") return texts(run);
    const [kind, words = "", way] = run;
    if (kind === "age") return [this.age];
    if (kind === "days") return [String(this.today - Date.parse(words) / DAY)];
    const element = copyOf(`run-${kind}`).firstElementChild;
    element?.replaceChildren(...texts(words));
    if (way !== undefined) element?.setAttribute("href", kind === "tel" ? `tel:${way}` : `#${way}`);
    return element ? [element] : texts(words);
  }
}

/**
 * How long ago a copy left the register, in the words before "ago"; never rounded up. As `core.fields.age_of_copy`.
 *
 * @param {number} leftAt @param {number} now
 */
export function ageOfCopy(leftAt, now) {
  const age = now - leftAt;
  if (age < -CLOCK_ERROR) return "an unknown time";
  if (age < MINUTE) return "less than a minute";
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min`;
  return age < 48 * HOUR ? `${Math.floor(age / HOUR)} h` : `${Math.floor(age / DAY)} days`;
}

/** By British clocks: 20-Nov-2026 14:05. @param {number} moment */
export const formatMoment = (moment) => `${toDay(moment)} ${toTime(moment)}`;

/** A copy that claims nothing of the present: too old, from the future, or made for days that are over. @param {View} view @param {Reading} reading */
function isPastAge(view, { now, leftAt, ageLimitMilliseconds }) {
  const age = now - leftAt;
  return age > ageLimitMilliseconds || age < -CLOCK_ERROR || now > Date.parse(view.until);
}

/** As it reads from the latest of its moments on. @template {{later?: Later}} T @param {T} view @param {number} now @returns {T} */
function readAt(view, now) {
  const begun = (view.later ?? []).filter(({ from }) => Date.parse(from) <= now).at(-1);
  return /** @type {T} */ (merge(view, begun?.view ?? {}));
}

/**
 * A view with what differs put in: null takes away; within a list, a part is named by its place.
 *
 * @param {unknown} first @param {unknown} other @returns {unknown}
 */
export function merge(first, other) {
  if (!isObject(other) || typeof first !== "object" || first === null) return other;
  const merged = /** @type {Record<string, unknown>} */ (Array.isArray(first) ? [...first] : { ...first });
  for (const [key, value] of Object.entries(other)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The card, from top to bottom

/** @param {Element} strip @param {View} view @param {Reading} reading @param {boolean} isLate */
function fillStrip(strip, view, { leftAt }, isLate) {
  strip.classList.toggle("app-strip--late", isLate);
  one(strip, "strong").textContent = formatMoment(leftAt);
  fillMaybe(strip, ".app-strip__changed", view.strip?.changed);
}

/** @param {Element} banner @param {Who} who */
function fillWho(banner, who) {
  banner.classList.toggle("app-who--died", who.has_died === true);
  one(banner, ".app-who__name").textContent = who.name;
  each(one(banner, ".app-who__preferred"), maybe(who.preferred), (line, [label, name]) => {
    begin(line, `${label} `);
    one(line, "strong").textContent = name;
  });
  for (const [selector, facts] of /** @type {const} */ ([
    [".app-who__facts > :not(.app-who__address)", who.facts],
    [".app-who__address", maybe(who.address)],
  ])) {
    each(one(banner, selector), facts, (fact, [label, words]) => {
      one(fact, "dt").textContent = label;
      one(fact, "dd").textContent = words;
    });
  }
  each(one(banner, ".app-who__warning"), who.warnings, (warning, words) => {
    warning.replaceChildren(one(warning, "svg"), words);
  });
}

/** @param {Element} block @param {CPR} cpr @param {At} at */
function fillCPR(block, cpr, at) {
  const heading = one(block, ".app-cpr__line");
  const [, clock] = heading.querySelectorAll("svg");
  block.className = `app-cpr app-cpr--${cpr.shape.replaceAll("_", "-")}`;
  one(heading, "svg").replaceWith(copyOf(`shape-${cpr.shape}`));
  if (!cpr.is_overdue) clock?.remove();
  at.fill(one(heading, "span"), cpr.line);
  each(one(block, ".app-cpr__beneath"), cpr.beneath, (line, words) => line.replaceChildren(...texts(words)));
  each(one(block, ".app-cpr__words"), cpr.words, (paragraph, line) => at.fill(paragraph, line));
  each(one(block, ".app-cpr-sides"), maybe(cpr.sides), (sides, both) => {
    each(one(sides, ".app-cpr-side"), both, fillSide);
  });
  each(one(block, ".app-cpr__extra"), maybe(cpr.further), (list, lines) => {
    each(one(list, "li"), lines, (item, line) => at.fill(item, line));
  });
}

/** @param {Element} side @param {[string, string[]]} words */
function fillSide(side, [title, lines]) {
  const heading = one(side, "strong");
  heading.textContent = title;
  side.replaceChildren(heading, ...lines.flatMap((line) => [document.createElement("br"), ...texts(line)]));
}

/** @param {Element} section @param {Part} part @param {At} at */
function fillPart(section, part, at) {
  if (part.look) section.classList.add(`app-part--${part.look}`);
  begin(one(section, ".app-part__label"), `${part.label} `);
  fillMaybe(section, ".app-part__when", part.when);
  fillMaybe(section, ".app-part__missing", part.missing);
  fillMaybe(section, ".app-part__code", part.code);
  each(one(section, ".app-copied"), maybe(part.copied), (line, words) => at.fill(line, words));
  each(one(section, ".app-part__hidden"), maybe(part.hidden), (line, words) => at.fill(line, words));
  each(one(section, ".app-calls"), maybe(part.calls), (list, calls) => {
    each(one(list, "li"), calls, (item, call) => fillCall(one(item, "a"), call, call.who));
  });
  each(one(section, ":scope > p:not([class])"), part.lines, (paragraph, line) => at.fill(paragraph, line));
  each(one(section, ".app-aged"), part.doubts, (paragraph, line) => at.fill(one(paragraph, "strong"), line));
  each(one(section, ".app-dispute"), maybe(part.dispute), (box, lines) => at.fillBox(box, lines));
}

/** @param {Element} link @param {Call} call @param {string} [who] */
function fillCall(link, call, who) {
  const name = one(link, "strong");
  name.textContent = call.name;
  link.setAttribute("href", `tel:${call.dialled}`);
  one(link, ".app-call__who").replaceChildren(name, ...(who ? [", ", ...texts(who)] : []));
  one(link, ".app-call__number").textContent = call.number;
}

/** A long passage that the card leads to, under the card. @param {Section} words @param {At} at */
function passage(words, at) {
  const section = one(copyOf("plan"), ".app-section:not(.app-section--blank)");
  fillSection(section, words, at);
  section.id = `passage-${words.name}`;
  section.setAttribute("aria-labelledby", `passage-heading-${words.name}`);
  one(section, ".app-section__heading").id = `passage-heading-${words.name}`;
  return section;
}

// The plan

/** @param {Element} section @param {Section} it @param {At} at */
function fillSection(section, it, at) {
  const [own, ofGroup] = section.querySelectorAll(":scope > .app-facts");
  const [groupSource, source, confirmed] = section.querySelectorAll(":scope > .app-source");
  section.id = `section-${it.name}`;
  section.setAttribute("aria-labelledby", `heading-${it.name}`);
  one(section, ".app-section__heading").id = `heading-${it.name}`;
  one(section, ".app-section__heading").textContent = it.label;
  each(one(section, ".app-dispute"), maybe(it.dispute), (box, lines) => at.fillBox(box, lines));
  each(one(section, ".app-disagrees"), it.disagreements, (box, lines) => at.fillBox(box, lines));
  fillMaybe(section, ".app-missing", it.missing);
  fillGroups([one(section, ".app-section__item"), must(ofGroup), must(groupSource)], it.groups ?? [], at);
  each(must(own), maybe(it.facts), (list, facts) => fillFacts(list, facts, at));
  each(one(section, ".app-section__missing"), it.notes, (note, words) => note.replaceChildren(words));
  each(must(source), maybe(it.source), (line, words) => line.replaceChildren(...texts(words)));
  each(one(section, ".app-copied"), maybe(it.copied), (line, words) => at.fill(line, words));
  each(must(confirmed), maybe(it.confirmed), (line, words) => line.replaceChildren(...texts(words)));
}

/** @param {[Element, Element, Element]} pattern heading, facts, source @param {Group[]} groups @param {At} at */
function fillGroups([heading, facts, source], groups, at) {
  for (const group of groups) {
    const shown = [heading, facts, source].map((element) => /** @type {Element} */ (element.cloneNode(true)));
    const [title, list, said] = /** @type {[Element, Element, Element]} */ (shown);
    heading.before(...shown);
    title.textContent = group.title;
    fillFacts(list, group.facts ?? [], at);
    if (group.source) said.replaceChildren(...texts(group.source));
    else said.remove();
  }
  for (const element of [heading, facts, source]) element.remove();
}

/** @param {Element} list @param {Fact[]} facts @param {At} at */
function fillFacts(list, facts, at) {
  each(one(list, "div"), facts, (row, fact) => {
    const answer = one(row, "dd");
    one(row, "dt").textContent = fact.label;
    begin(answer, fact.doubt ? `${fact.words} ` : fact.words);
    each(one(answer, ".app-aged"), maybe(fact.doubt), (element, line) => at.fill(element, line));
    each(one(answer, ".app-source"), maybe(fact.source), (line, words) => line.replaceChildren(...texts(words)));
  });
}

/** @param {Element} element @param {Blanks} blanks */
function fillBlanks(element, blanks) {
  one(element, "h3, summary > span").textContent = blanks.heading;
  const lead = element.querySelector("p");
  if (lead) lead.textContent = blanks.lead ?? "";
  each(one(element, "li"), blanks.sections, (item, { name, label, when }) => {
    item.id = `section-${name}`;
    one(item, "span").textContent = label;
    fillMaybe(item, ".app-small", when);
  });
}

// Elements

/** The words with each piece in which no line may end. @param {string} words @returns {(string | Node)[]} */
function texts(words) {
  const pattern = must(document.getElementById("fill-unbroken")?.dataset.pattern);
  /** @type {(string | Node)[]} */
  const pieces = [];
  let end = 0;
  for (const found of words.matchAll(new RegExp(pattern, "g"))) {
    const whole = copyOf("unbroken");
    one(whole, "span").textContent = found[0];
    pieces.push(words.slice(end, found.index), whole);
    end = found.index + found[0].length;
  }
  return [...pieces, words.slice(end)].filter((piece) => piece !== "");
}

/** @param {string} name @returns {DocumentFragment} */
function copyOf(name) {
  const template = document.getElementById(`fill-${name}`);
  const content = template instanceof HTMLTemplateElement ? template.content : new DocumentFragment();
  return /** @type {DocumentFragment} */ (document.importNode(content, true));
}

/**
 * One copy of the pattern for each of the values, in its place; none: it goes.
 *
 * @template T @param {Element} pattern @param {readonly T[] | undefined} values @param {(copy: Element, value: T) => void} fill
 */
function each(pattern, values, fill) {
  const copies = (values ?? []).map((value) => {
    const copy = /** @type {Element} */ (pattern.cloneNode(true));
    fill(copy, value);
    return copy;
  });
  pattern.replaceWith(...copies);
}

/** @param {Element} root @param {string} selector @param {string} [words] empty: the element goes */
function fillMaybe(root, selector, words) {
  const element = one(root, selector);
  if (words) element.replaceChildren(words);
  else element.remove();
}

/** @param {Element} element @param {string} words in place of the text that it begins with */
function begin(element, words) {
  must(element.firstChild).nodeValue = words;
}

/** @template T @param {T | undefined} value @returns {T[]} */
const maybe = (value) => (value === undefined ? [] : [value]);

/** @template T @param {T | null | undefined} value @returns {T} */
function must(value) {
  if (value === null || value === undefined) throw new Error("The tablet's markup is not of this program");
  return value;
}

/** @param {ParentNode} root @param {string} selector @returns {Element} */
const one = (root, selector) => must(root.querySelector(selector));
