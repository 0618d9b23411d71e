/**
 * Keeps a page that waits for a pack of sheets true, and opens it again when the pack is finished, or when it is known that
 * it does not go on. Without scripts a link does the same.
 *
 * @param {HTMLElement} root what says how far the pack is; `data-ask`: where that is asked; `data-stands-still`: whether the
 *   page says already that it does not go on
 */
export function connect(root) {
  const look = async () => {
    const found = await ask(String(root.dataset.ask));
    if (found && (!found.is_waiting || String(found.stands_still) !== root.dataset.standsStill)) {
      location.reload();
      return;
    }
    if (found && root.textContent !== found.words) root.textContent = found.words;
    setTimeout(look, EVERY);
  };
  setTimeout(look, EVERY);
}

const EVERY = 2_000;

/**
 * @param {string} address
 * @returns {Promise<{ words: string, is_waiting: boolean, stands_still: boolean } | undefined>} undefined: it is not known; ask again
 */
async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}
