/** The shell's markup: which screen is shown, what a form says, and text put where it belongs. Text only: never markup. */

import { RowSpoilt } from "./copies.js";
import { NoRoom, StoreLost } from "./store.js";

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement} */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`${selector} is not on the page`);
  return found;
}

/** @param {string} name @returns {HTMLElement} */
export const screenOf = (name) => find(`[data-screen="${name}"]`);

/** Show one screen and go to its heading. @param {string} name */
export function show(name) {
  for (const screen of document.querySelectorAll("[data-screen]")) {
    /** @type {HTMLElement} */ (screen).hidden = /** @type {HTMLElement} */ (screen).dataset.screen !== name;
  }
  document.body.dataset.shown = name;
  scrollTo(0, 0);
  screenOf(name).querySelector("h2")?.focus();
}

/** @returns {string} */
export const shown = () => document.body.dataset.shown ?? "";

/** @param {string} selector @param {string} text @param {ParentNode} [within] */
export function setText(selector, text, within = document) {
  const element = find(selector, within);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

/**
 * @param {string} tag
 * @param {{ class?: string, text?: string, type?: string }} [with_]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElement}
 */
export function make(tag, with_ = {}, children = []) {
  const element = document.createElement(tag);
  if (with_.class) element.className = with_.class;
  if (with_.text !== undefined) element.textContent = with_.text;
  if (with_.type) element.setAttribute("type", with_.type);
  element.append(...children);
  return element;
}

/** @param {string} text @param {() => unknown} pressed @param {string} [kind] @returns {HTMLElement} */
export function makeButton(text, pressed, kind = "secondary") {
  const button = make("button", { class: `nhsuk-button nhsuk-button--${kind}`, text, type: "button" });
  button.addEventListener("click", () => pressed());
  return button;
}

/** @param {HTMLElement} form @returns {Record<string, string>} what was typed and chosen, by name */
export function valuesOf(form) {
  const values = new FormData(/** @type {HTMLFormElement} */ (form));
  return Object.fromEntries([...values].map(([name, value]) => [name, String(value)]));
}

/** @param {HTMLElement} form @returns {Record<string, string[]>} every answer, by the name of its box */
export function answersOf(form) {
  /** @type {Record<string, string[]>} */
  const answers = {};
  for (const [name, value] of new FormData(/** @type {HTMLFormElement} */ (form)))
    if (typeof value === "string") answers[name] = [...(answers[name] ?? []), value];
  return answers;
}

/** @param {HTMLElement} form @param {string} name @returns {string[]} every answer ticked under this name */
export const ticked = (form, name) => new FormData(/** @type {HTMLFormElement} */ (form)).getAll(name).map(String);

/**
 * What to do instead, in a summary above the form, each sentence leading to its box.
 *
 * @param {HTMLElement} form
 * @param {{ field: string, words: string }[]} problems
 */
export function refuse(form, problems) {
  const summary = find(".tablet-problems", form);
  summary.replaceChildren(...problems.map((problem) => problemLine(form, problem)));
  summary.hidden = problems.length === 0;
  if (problems.length > 0) summary.focus();
}

/** @param {HTMLElement} form @param {{ field: string, words: string }} problem */
function problemLine(form, { field, words }) {
  const box = form.querySelector(`[name="${field}"]`);
  const line = make("p", { text: words });
  if (box instanceof HTMLElement) line.replaceChildren(makeJump(box, words));
  return line;
}

/** @param {HTMLElement} box @param {string} words */
function makeJump(box, words) {
  const button = make("button", { class: "tablet-jump", text: words, type: "button" });
  button.addEventListener("click", () => box.focus());
  return button;
}

/**
 * What a form does when it is sent; a second press while it works does nothing.
 *
 * @param {string} selector
 * @param {(form: HTMLElement, button: HTMLButtonElement | null) => Promise<void> | void} work button: what was pressed
 */
export function onSubmit(selector, work) {
  const form = find(selector);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(form, () => work(form, /** @type {HTMLButtonElement | null} */ (event.submitter)));
  });
}

/**
 * Do what somebody asked for with a form, and say there what went wrong with it: nothing fails unseen.
 *
 * @param {HTMLElement} form
 * @param {() => Promise<void> | void} work
 */
export async function attempt(form, work) {
  if (form.getAttribute("aria-busy") === "true") return;
  refuse(form, []);
  form.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    refuse(form, [{ field: "", words: sentenceOf(error) }]);
    if (error instanceof NoRoom) offerRoom(form);
    if (error instanceof RowSpoilt) document.dispatchEvent(new CustomEvent("tablet-spoilt"));
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** @param {HTMLElement} form */
function offerRoom(form) {
  const ask = () => document.dispatchEvent(new CustomEvent("tablet-make-room", { detail: form }));
  find(".tablet-problems", form).append(makeButton("Make room on this tablet", ask));
}

/** @param {unknown} error */
function sentenceOf(error) {
  if (error instanceof NoRoom) return "Nothing was saved: this tablet has no room left. What you typed is still here.";
  if (error instanceof StoreLost)
    return "Nothing was saved: this page cannot reach what is kept on the tablet. What you typed is still here: note it down, then load the page again.";
  if (error instanceof RowSpoilt)
    return "This record is not shown: what is kept of it on this tablet was damaged or changed. It is fetched again where there is signal. Ring and ask, and look for a signed form where the person is.";
  return "Nothing was saved: something went wrong on this tablet. What you typed is still here. Try again.";
}
