/**
 * The browser's audio engine for one recording: whatever joins is added up, and comes out as frames of 20 ms at 16 kHz. `close`
 * gives out the last, half-filled frame before it lets go, so that the end of a sentence is not cut off.
 */
import workletUrl from "./capture-processor.ts?worker&url";
import { type FromWorklet, PROCESSOR_NAME, type ToWorklet } from "./frame.ts";
import { CaptureError } from "./problem.ts";

export interface SoundGraph {
  /** Its sound is heard until the returned call. The stream stays open. */
  join(stream: MediaStream): () => void;
  close(): Promise<void>;
}

const FLUSH_TIMEOUT_MS = 1_000;

/** Throws CaptureError. */
export async function openGraph(onFrame: (samples: Float32Array, level: number) => void): Promise<SoundGraph> {
  const context = new AudioContext({ latencyHint: "interactive" });
  const node = await startWorklet(context).catch(async (error: unknown) => {
    await context.close();
    throw new CaptureError("unsupported", error);
  });
  const flushed = Promise.withResolvers<void>();
  node.port.onmessage = (event: MessageEvent<FromWorklet>) => {
    if (event.data.type === "flushed") flushed.resolve();
    else onFrame(event.data.samples, event.data.level);
  };
  return {
    join(stream) {
      const source = context.createMediaStreamSource(stream);
      source.connect(node);
      return () => source.disconnect();
    },
    async close() {
      node.port.postMessage({ type: "flush" } satisfies ToWorklet);
      // A suspended audio thread never answers; its frames are lost already, the rest must not wait for it.
      const timer = setTimeout(flushed.resolve, FLUSH_TIMEOUT_MS);
      await flushed.promise;
      clearTimeout(timer);
      if (context.state !== "closed") await context.close();
    },
  };
}

async function startWorklet(context: AudioContext): Promise<AudioWorkletNode> {
  await context.audioWorklet.addModule(workletUrl);
  await context.resume();
  return new AudioWorkletNode(context, PROCESSOR_NAME, { numberOfInputs: 1, numberOfOutputs: 0 });
}
