/**
 * Whether this browser can keep records at all: asked before anything is set up, so that nothing is half set up, and a crew
 * does not learn of it in a house without signal.
 *
 * A private window of some browsers cannot be told from another one; the page that sets a tablet up says so.
 *
 * Source: hazard H-59.
 */

const LEAST_ROOM = 300e6;

const LOCKED_DOWN =
  "It is set so that pages may store nothing: a private window, or a lockdown mode. Open the register in an ordinary window, or ask whoever looks after the tablet to allow it for the register.";
const PRIVATE =
  "This is a private window, which forgets everything when it is closed. Open the register in an ordinary window, or from its icon on the home screen.";

/**
 * @param {any} browser the page's own
 * @param {boolean} isSetUp it has kept records before: nothing is written on trial, on a disk that may be full
 * @returns {Promise<string | null>} why nothing can be read here, set up or not; null: it can
 */
export async function findUnfit(browser = globalThis, isSetUp = false) {
  if (!browser.isSecureContext) return "The connection to the register is not secure.";
  const { navigator, crypto, indexedDB } = browser;
  if ([indexedDB, crypto?.subtle, navigator.locks, navigator.serviceWorker].some((part) => !part)) return LOCKED_DOWN;
  return isSetUp || (await opensDatabase(indexedDB)) ? null : LOCKED_DOWN;
}

/**
 * @param {any} browser the page's own
 * @returns {Promise<string | null>} why nobody should be set up here; null: they may. Not asked of a tablet that is set up: what it holds can be read
 */
export async function findFleeting({ navigator } = globalThis) {
  if (!(await opensFiles(navigator.storage))) return PRIVATE;
  const { quota = 0 } = await navigator.storage.estimate();
  if (quota >= LEAST_ROOM) return null;
  return `It gives the register room for ${Math.round(quota / 1e6)} MB, and ${LEAST_ROOM / 1e6} are needed: the tablet is full, or this is a private window.`;
}

/** There may be a database, and no leave to open it. @param {IDBFactory} factory @returns {Promise<boolean>} */
const opensDatabase = (factory) =>
  new Promise((resolve) => {
    try {
      const opening = factory.open("epaccs-trial");
      opening.onerror = () => resolve(false);
      opening.onsuccess = () => {
        opening.result.close();
        factory.deleteDatabase("epaccs-trial");
        resolve(true);
      };
    } catch {
      resolve(false);
    }
  });

/** Some browsers refuse files to a private window. @param {StorageManager} storage */
async function opensFiles(storage) {
  try {
    await storage.getDirectory?.();
    return true;
  } catch {
    return false;
  }
}
