/**
 * An audio worklet: frames of 20 ms of 16-bit PCM, at the rate of its context, go to the page as they are full. Any message ends
 * it, and `null` says that no frame comes behind it.
 */
const FRAME_SAMPLES = 320;

class Microphone extends AudioWorkletProcessor {
  #frame = new Int16Array(FRAME_SAMPLES);
  #filled = 0;
  #isOver = false;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#isOver = true;
      this.port.postMessage(null);
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    if (this.#isOver) return false;
    for (const sample of inputs[0]?.[0] ?? []) {
      this.#frame[this.#filled] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
      this.#filled += 1;
      if (this.#filled === FRAME_SAMPLES) {
        this.port.postMessage(new Uint8Array(this.#frame.buffer.slice(0)));
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
