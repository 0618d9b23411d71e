/**
 * Whether this browser can keep records safely, and how it stands with the room for them.
 */

/** @returns {string | null} why records cannot be kept here; null: they can */
export function findUnfit() {
  if (!globalThis.isSecureContext) return "The connection to the register is not secure.";
  const isMissing = [globalThis.indexedDB, globalThis.crypto?.subtle, navigator.locks, globalThis.WebAssembly].some(
    (part) => !part,
  );
  if (isMissing)
    return "It is set so that pages may store nothing, or run nothing fast: a private window, or a lockdown mode.";
  return null;
}

/** Ask the browser to take nothing away by itself; it decides alone. */
export async function askToPersist() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}

/** @returns {Promise<{ storage_bytes: number | null, is_persisted: boolean | null }>} */
export async function describeStorage() {
  try {
    const { usage } = await navigator.storage.estimate();
    return { storage_bytes: usage ?? null, is_persisted: await navigator.storage.persisted() };
  } catch {
    return { storage_bytes: null, is_persisted: null };
  }
}
