/** What the worklet and the page agree on: 16 kHz mono in frames of 20 ms, the frame of `codec=opus_fs320`. */
export const CAPTURE_RATE = 16_000;
export const FRAME_MS = 20;
export const FRAME_SAMPLES = (CAPTURE_RATE * FRAME_MS) / 1000;
export const PROCESSOR_NAME = "holdfast-capture";

/** From the worklet to the page. `level` is the root mean square of the frame, 0 to 1. */
export type FromWorklet =
  | { readonly type: "frame"; readonly samples: Float32Array; readonly level: number }
  | { readonly type: "flushed" };

/** From the page to the worklet: give out what is left, padded with silence, then stop. */
export type ToWorklet = { readonly type: "flush" };
