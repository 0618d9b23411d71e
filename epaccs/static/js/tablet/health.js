/**
 * How it stands with the room that this browser gives, and whether it keeps it.
 */

/** Whether the register has set this browser up as a tablet: what tells an empty store from one that was taken away. */
export const wasSetUp = () => document.cookie.split("; ").some((one) => one.startsWith("epaccs-tablet="));

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
