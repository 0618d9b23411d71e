/**
 * Connects each part of the page that says which module it wants: <form data-module="send-once"> is given to
 * components/send-once.js. Without scripts every page works; what a module adds is convenience.
 */

/** @typedef {{ connect: (root: HTMLElement) => void | Promise<void> }} Component */

/** What a page calls it -> the file; the NHS components bring names of their own. */
const COMPONENTS = {
  "nhsuk-error-summary": "error-summary",
  "send-once": "send-once",
  "search-clock": "search-clock",
  "page-age": "page-age",
  "pack-progress": "pack-progress",
  passage: "passage",
  passkey: "passkey",
  "sheet-stamp": "sheet-stamp",
};

for (const [name, file] of Object.entries(COMPONENTS)) {
  const roots = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-module="${name}"]`));
  if (roots.length > 0) {
    const component = /** @type {Component} */ (await import(`./components/${file}.js`));
    for (const root of roots) component.connect(root);
  }
}
