/**
 * Photos of signed forms that wait to be sent: sealed to the register as they are taken, and readable by nobody here.
 *
 * They lie in a box of their own and travel after everything else, so that a weak line carries the words first; whatever
 * becomes of a photo, the words that it belongs to stay (hazard H-60).
 */

import { toBase64url } from "./bytes.js";
import { sealForRegister, sign } from "./keys.js";

/** @typedef {{ id: string, authorId: string, at: number, forRegister: unknown, why: string }} Photo why: the register's sentence, if it did not take it; blank: it waits */
/** @typedef {{ id: string, edit_id: string, entry_id: string, content: Uint8Array<ArrayBuffer> }} Taken */

/** A form can be read at this, and the register takes twice as much in one request. */
export const LONGEST_SIDE = 1600;
export const MOST_BYTES = 700_000;

/** The picture cannot be read, or not be made small enough. */
export class NoPicture extends Error {}

export class Photos {
  #store;
  #vault;

  /**
   * @param {import("./store.js").Store} store
   * @param {import("./vault.js").Vault} vault
   */
  constructor(store, vault) {
    this.#store = store;
    this.#vault = vault;
  }

  /** @param {Taken} taken @param {number} at by the register's clock */
  async add({ content, ...named }, at) {
    const here = this.#vault.unlocked;
    if (!here) throw new Error("The tablet is locked");
    if (content.length > MOST_BYTES) throw new NoPicture("The picture is too large");
    const unsigned = { ...named, author_id: here.user.id, photo: toBase64url(content) };
    const said = { ...unsigned, signature: await sign(here.signing, unsigned) };
    const forRegister = await sealForRegister(await this.#store.meta("seal_key"), named.id, said);
    await this.#put({ id: named.id, authorId: here.user.id, at, forRegister, why: "" });
  }

  /** @returns {Promise<Photo[]>} in the order taken */
  async all() {
    const photos = /** @type {Photo[]} */ (await this.#store.all("photos"));
    return photos.sort((one, other) => one.at - other.at);
  }

  /** @returns {Promise<Photo[]>} */
  async waiting() {
    return (await this.all()).filter((photo) => !photo.why);
  }

  /** Those of the reader that the register did not take. @returns {Promise<Photo[]>} */
  async refused() {
    const reader = this.#vault.unlocked?.user.id;
    return (await this.all()).filter((photo) => photo.why && photo.authorId === reader);
  }

  /**
   * What the register answered: a photo goes when it is kept there; what it does not take is told to its author, without
   * the picture; anything else leaves it waiting.
   *
   * @param {Photo} photo
   * @param {{ outcome?: string, why?: string }} answer
   */
  async settle(photo, { outcome, why }) {
    if (outcome === "kept") await this.remove(photo.id);
    if (outcome === "refused")
      await this.#put({ ...photo, forRegister: null, why: why || "The register did not take it" });
  }

  /** @param {string} id */
  remove(id) {
    return this.#store.write(["photos"], (writing) => writing.remove("photos", id), "strict");
  }

  /** @param {Photo} photo */
  #put(photo) {
    return this.#store.write(["photos"], (writing) => writing.put("photos", photo.id, photo), "strict");
  }
}

/**
 * A picture made small: drawn anew, so that nothing of where and with what it was taken is left in it.
 *
 * @param {Blob} file
 * @returns {Promise<Uint8Array<ArrayBuffer>>} a JPEG
 */
export async function shrink(file) {
  const picture = await createImageBitmap(file).catch(() => {
    throw new NoPicture("The picture cannot be read");
  });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of [0.8, 0.6, 0.4]) {
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
    if (blob.size <= MOST_BYTES) return new Uint8Array(await blob.arrayBuffer());
  }
  throw new NoPicture("The picture is too large");
}
