/** Square codes are read from the camera, picture after picture, or from a picture that somebody took. Nothing of it is kept. */

import { trustedAddress } from "./trusted.js";

/** What is looked at, in pixels of its longer side: a code that fills a third of it is read. */
const OF_THE_CAMERA = [1000];
/** The finer one first: a smaller picture smooths what a cheap printer left ragged. */
const OF_A_FILE = [1600, 900, 500];

/** @typedef {CanvasImageSource & { width: number, height: number }} Source */

export class Scanner {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {MediaStream | null} */
  #stream = null;

  /** Whether the camera looks. */
  get isWatching() {
    return this.#stream !== null;
  }

  /**
   * Look through the camera until a code is read, or it is stopped.
   *
   * @param {HTMLVideoElement} video shows what the camera sees
   * @returns {Promise<string | null>} null: it was stopped
   * @throws {DOMException} there is no camera, or it may not be used
   */
  async watch(video) {
    this.stop();
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    this.#stream = stream;
    video.srcObject = stream;
    try {
      await video.play();
      while (this.#stream === stream) {
        const source = Object.assign(video, { width: video.videoWidth, height: video.videoHeight });
        const text = await this.#read(source, OF_THE_CAMERA);
        if (text !== null) return this.#stream === stream ? text : null;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      return null;
    } finally {
      for (const track of stream.getTracks()) track.stop();
      if (this.#stream === stream) this.stop();
      if (video.srcObject === stream) video.srcObject = null;
    }
  }

  /** @param {Blob} file @returns {Promise<string | null>} null: no code was found in it, or it is no picture */
  async readFile(file) {
    const picture = await createImageBitmap(file).catch(() => null);
    return picture && this.#read(picture, OF_A_FILE);
  }

  /** The camera sees nothing any more, and what was read is forgotten. */
  stop() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** @param {Source} source @param {number[]} sizes */
  async #read(source, sizes) {
    for (const size of sizes) {
      const text = await this.#decode(shrink(source, size));
      if (text !== null) return text;
    }
    return null;
  }

  /** @param {ImageData} picture @returns {Promise<string | null>} */
  #decode({ data, width, height }) {
    this.#worker ??= new Worker(/** @type {string} */ (trustedAddress("/tablet/scan.js")));
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data.text);
      worker.onerror = () => reject(new Error("The part of the program that reads codes did not answer"));
      worker.postMessage({ data, width, height }, [data.buffer]);
    });
  }
}

/** @param {Source} source @param {number} longest @returns {ImageData} */
function shrink(source, longest) {
  const scale = Math.min(1, longest / Math.max(source.width, source.height, 1));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(source.width * scale));
  canvas.height = Math.max(1, Math.round(source.height * scale));
  const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  drawing.drawImage(source, 0, 0, canvas.width, canvas.height);
  return drawing.getImageData(0, 0, canvas.width, canvas.height);
}
