/**
 * A button under a text area that puts the marks of a passage, which is not for the person, around what is selected.
 * Without it the marks are typed.
 *
 * @param {HTMLElement} root the text area
 */
export function connect(root) {
  const area = /** @type {HTMLTextAreaElement} */ (root);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "nhsuk-button nhsuk-button--secondary nhsuk-button--small app-mark-passage";
  button.textContent = "Mark as third-party";
  const about = document.createElement("span");
  about.className = "nhsuk-u-visually-hidden";
  about.textContent = ` in: ${area.labels[0]?.textContent?.trim() ?? ""}`;
  button.append(about);
  button.addEventListener("click", () => {
    const { selectionStart, selectionEnd, value } = area;
    area.setRangeText(`[[${value.slice(selectionStart, selectionEnd)}]]`, selectionStart, selectionEnd);
    area.setSelectionRange(selectionStart + 2, selectionEnd + 2);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  });
  area.after(button);
}
