/**
 * A second press within three seconds sends nothing. The server counts the same form once in any case; this spares the
 * person a wait.
 *
 * @param {HTMLElement} root the form
 */
export function connect(root) {
  let sentAt = Number.NEGATIVE_INFINITY;
  root.addEventListener("submit", (event) => {
    if (event.timeStamp - sentAt < 3000) event.preventDefault();
    else sentAt = event.timeStamp;
  });
}
