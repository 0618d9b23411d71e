/** Square codes are read from the camera, picture after picture, or from a picture that somebody took. Nothing of it is kept. */

import { trustedAddress } from "./trusted.js";

/** What is looked at, in pixels of its longer side: a code that fills a third of it is read. */
const OF_THE_CAMERA = [1000];
/** The finer one first: a smaller picture smooths what a cheap printer left ragged. */
const OF_A_FILE = [1600, 900, 500];
const PAUSE_MS = 60;

/** @typedef {{ image: CanvasImageSource, width: number, height: number }} Picture */
/** @typedef {() => boolean} Counts whether nothing else has begun, and nobody has left, since this began */

/** There is no camera, or it may not be used. */
export class NoCamera extends Error {}

export class Scanner {
  #turn = 0;
  /** @type {Worker | null} */
  #worker = null;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {((text: string | null) => void) | null} who waits for the worker */
  #answer = null;

  /** Something begins, and whatever was under way ends. @returns {Counts} */
  begin() {
    this.stop();
    const turn = this.#turn;
    return () => this.#turn === turn;
  }

  /** The camera sees nothing any more, and whoever waits is answered with nothing. */
  stop() {
    this.#turn += 1;
    end(this.#stream);
    this.#stream = null;
    this.#worker?.terminate();
    this.#worker = null;
    this.#answer?.(null);
    this.#answer = null;
  }

  /**
   * Look through the camera until a code is read.
   *
   * @param {HTMLVideoElement} video shows what the camera sees
   * @param {Counts} counts
   * @returns {Promise<string | null>} null: it was stopped
   * @throws {NoCamera}
   */
  async watch(video, counts) {
    const stream = await openCamera();
    if (!counts()) {
      end(stream);
      return null;
    }
    this.#stream = stream;
    video.srcObject = stream;
    await video.play().catch(() => {});
    while (counts()) {
      const text = await this.#read(
        { image: video, width: video.videoWidth, height: video.videoHeight },
        OF_THE_CAMERA,
        counts,
      );
      if (text !== null) return counts() ? text : null;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return null;
  }

  /** @param {Blob} file @param {Counts} counts @returns {Promise<string | null>} null: no code was found in it, it is no picture, or it was stopped */
  async readFile(file, counts) {
    const image = await createImageBitmap(file).catch(() => null);
    if (!image) return null;
    try {
      return await this.#read({ image, width: image.width, height: image.height }, OF_A_FILE, counts);
    } finally {
      image.close();
    }
  }

  /** @param {Picture} picture @param {number[]} sizes @param {Counts} counts */
  async #read(picture, sizes, counts) {
    for (const size of sizes) {
      if (!counts()) return null;
      const text = await this.#decode(shrink(picture, size));
      if (text !== null) return text;
    }
    return null;
  }

  /** @param {ImageData} picture @returns {Promise<string | null>} */
  #decode({ data, width, height }) {
    this.#worker ??= new Worker(/** @type {string} */ (trustedAddress("/tablet/scan.js")));
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      worker.onmessage = (event) => resolve(event.data.text);
      worker.onerror = () => reject(new Error("The part of the program that reads codes did not answer"));
      worker.postMessage({ data, width, height }, [data.buffer]);
    });
  }
}

/** @param {MediaStream | null} stream */
function end(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** @returns {Promise<MediaStream>} */
async function openCamera() {
  const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video });
  } catch {
    throw new NoCamera("There is no camera, or it may not be used");
  }
}

/** @param {Picture} picture @param {number} longest @returns {ImageData} */
function shrink({ image, width, height }, longest) {
  const scale = Math.min(1, longest / Math.max(width, height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  drawing.drawImage(image, 0, 0, canvas.width, canvas.height);
  return drawing.getImageData(0, 0, canvas.width, canvas.height);
}
