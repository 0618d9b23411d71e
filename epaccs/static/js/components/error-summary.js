/**
 * Brings the list of what is wrong into view and reads it out; a link in it puts the cursor into its box, with the
 * question above the box in sight.
 *
 * @param {HTMLElement} root the summary
 */
export function connect(root) {
  root.focus();
  root.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("a");
    const box = link && document.getElementById(link.hash.slice(1));
    if (!box) return;
    event.preventDefault();
    const question = box.closest("fieldset")?.querySelector("legend") ?? box.closest(".nhsuk-form-group");
    (question ?? box).scrollIntoView();
    box.focus({ preventScroll: true });
  });
}
