/**
 * Puts the cursor into the first box, and counts from the first key until the search is sent: how long it takes a crew to
 * see the CPR status is measured, not guessed. Nothing of what is typed is kept.
 *
 * @param {HTMLElement} root the search; `data-focus`: nothing was searched yet
 */
export function connect(root) {
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  const first = /** @type {HTMLInputElement} */ (form.querySelector("input[name=who]"));
  const typed = /** @type {HTMLInputElement} */ (form.querySelector("input[name=typed_ms]"));
  /** @type {number | null} */
  let began = null;
  form.addEventListener("input", (event) => {
    began ??= event.timeStamp;
  });
  form.addEventListener("submit", (event) => {
    typed.value = began === null ? "" : String(Math.round(event.timeStamp - began));
  });
  if ("focus" in root.dataset && !document.querySelector(".nhsuk-error-summary")) first.focus();
}
