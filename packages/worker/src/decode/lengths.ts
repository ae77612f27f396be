/** Lengths of decoded sound. Everything behind the decoder is mono at 16 kHz. */
export const SAMPLES_PER_MS = 16;

/** Less than this holds no word: it is judged silent without asking an engine. */
export const SHORTEST_SPEECH_SAMPLES: number = 100 * SAMPLES_PER_MS;
