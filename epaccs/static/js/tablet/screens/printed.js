/**
 * The forms that the register printed for tablets. Those about CPR stand in the shell itself, so that nothing has to be read
 * for them (hazard H-60); those of the plan in one file beside it, read when the first of them is opened.
 */

/** @typedef {import("../forms.js").Field} Field */
/** @typedef {import("../forms.js").Typed} Typed */
/** @typedef {{ content: DocumentFragment, declared: import("../forms.js").Declared }} Printed */

const ADDRESS = "/tablet/forms";
/** Sections whose forms stand in the shell, printed or made there. */
const IN_SHELL = new Set(["cpr"]);

/** @type {Promise<Document> | null} */
let reading = null;

/** Nothing of it runs: it is a document of its own, of which only templates are taken. @returns {Promise<Document>} */
function readForms() {
  reading ??= new Promise((resolve, reject) => {
    const asking = new XMLHttpRequest();
    asking.open("GET", ADDRESS);
    asking.responseType = "document";
    asking.addEventListener("load", () =>
      isOurs(asking.responseXML) ? resolve(asking.responseXML) : reject(NOT_READ),
    );
    asking.addEventListener("error", () => reject(NOT_READ));
    asking.send();
  });
  reading.catch(() => {
    reading = null;
  });
  return reading;
}

const NOT_READ = new Error("The forms could not be read");

/** What a captive portal sends is not taken for ours. @param {Document | null} found @returns {found is Document} */
const isOurs = (found) => found?.querySelector('template[id^="section-"]') != null;

/** @param {string} section @param {string} kind @returns {Promise<Printed | null>} null: the register printed none */
export async function findPrinted(section, kind) {
  const id = `form-${section}-${kind}`;
  const template =
    document.getElementById(id) ?? (IN_SHELL.has(section) ? null : (await readForms()).getElementById(id));
  if (!(template && "content" in template)) return null;
  const content = /** @type {DocumentFragment} */ (
    document.importNode(/** @type {HTMLTemplateElement} */ (template).content, true)
  );
  const declared = JSON.parse(String(template.dataset.declared));
  const fields = declared.fields.map((/** @type {Field} */ field) => ({ ...field, ...readMarkup(content, field) }));
  return { content, declared: { ...declared, fields } };
}

/** What the register says of each section that it printed, in order. @returns {Promise<[string, import("../answers.js").Told][]>} */
export async function findSections() {
  const found = [...(await readForms()).querySelectorAll('template[id^="section-"]')];
  return found.map((one) => [
    one.id.slice("section-".length),
    JSON.parse(String(/** @type {HTMLElement} */ (one).dataset.told)),
  ]);
}

/** The question, and the words of each answer that is offered. @param {DocumentFragment} content @param {Field} field */
function readMarkup(content, { name, kind }) {
  const boxes = boxesOf(content, name, kind);
  const legend = boxes[0]?.closest("fieldset")?.querySelector("legend");
  const offered = kind === "list" ? [...(boxes[0]?.querySelectorAll("option") ?? [])] : boxes;
  const values = Object.fromEntries(
    offered
      .map((one) => /** @type {HTMLInputElement | HTMLOptionElement} */ (one))
      .filter((one) => one.value)
      .map((one) => [one.value, kind === "list" ? wordsOf(one) : labelOf(content, one)]),
  );
  const isGroup = ["choice", "choices", "yes_no", "date", "moment"].includes(kind);
  return { label: isGroup && legend ? wordsOf(legend) : labelOf(content, boxes[0]), values };
}

/** @param {ParentNode} content @param {string} name @param {string} kind */
const boxesOf = (content, name, kind) => [
  ...content.querySelectorAll(kind === "date" || kind === "moment" ? `[name="${name}-day"]` : `[name="${name}"]`),
];

/** @param {ParentNode} content @param {Element} [box] */
const labelOf = (content, box) => (box ? wordsOf(content.querySelector(`label[for="${box.id}"]`)) : "");

/** @param {Element | null} element */
const wordsOf = (element) => element?.textContent?.trim() ?? "";

/** A question that is not for the reader is not put to them. @param {ParentNode} content @param {Field} field */
export function takeAway(content, { name, kind }) {
  const [box] = boxesOf(content, name, kind);
  (box?.closest("fieldset") ?? box)?.closest(".nhsuk-form-group")?.remove();
}

/** Put answers into the boxes; a question that was folded away is opened with its answer. @param {ParentNode} room @param {Typed} typed */
export function fillBoxes(room, typed) {
  for (const [name, answers] of Object.entries(typed)) {
    for (const box of room.querySelectorAll(`[name="${name}"]`)) fillBox(/** @type {any} */ (box), answers);
  }
}

/** @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} box @param {string[]} answers */
function fillBox(box, answers) {
  if (box.type === "radio" || box.type === "checkbox") {
    /** @type {HTMLInputElement} */ (box).checked = answers.includes(box.value);
  } else box.value = answers[0] ?? "";
  const details = box.closest("details");
  if (details && answers.length > 0) details.open = true;
}
