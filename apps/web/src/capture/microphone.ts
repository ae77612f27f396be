/**
 * Opens the microphone and delivers frames of 20 ms at 16 kHz. Owns the media stream and the audio context; `stop` gives out
 * the last, half-filled frame before it lets go of both, so that the end of a sentence is not cut off.
 */
import workletUrl from "./capture-processor.ts?worker&url";
import { type FromWorklet, PROCESSOR_NAME, type ToWorklet } from "./frame.ts";
import { CaptureError, microphoneProblem } from "./problem.ts";

export interface MicrophoneListener {
  onFrame(samples: Float32Array, level: number): void;
  /** The device went away (unplugged, or the permission was withdrawn). */
  onLost(): void;
}

export interface Microphone {
  stop(): Promise<void>;
}

/**
 * A room is recorded, not a phone call: the browser's echo and noise filters take quiet and distant voices for noise, so
 * they stay off; its gain control stays on.
 */
const CONSTRAINTS: MediaStreamConstraints = {
  audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
};

const FLUSH_TIMEOUT_MS = 1_000;

/** Throws CaptureError. */
export async function openMicrophone(listener: MicrophoneListener): Promise<Microphone> {
  if (!window.isSecureContext) throw new CaptureError("insecure");
  if (navigator.mediaDevices === undefined || typeof AudioWorkletNode === "undefined") {
    throw new CaptureError("unsupported");
  }
  const stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS).catch((error: unknown) => {
    throw new CaptureError(microphoneProblem(error), error);
  });
  const context = new AudioContext({ latencyHint: "interactive" });
  const release = async (): Promise<void> => {
    for (const track of stream.getTracks()) track.stop();
    if (context.state !== "closed") await context.close();
  };
  try {
    await context.audioWorklet.addModule(workletUrl);
    await context.resume();
  } catch (error) {
    await release();
    throw new CaptureError("unsupported", error);
  }
  const node = new AudioWorkletNode(context, PROCESSOR_NAME, { numberOfInputs: 1, numberOfOutputs: 0 });
  const flushed = Promise.withResolvers<void>();
  node.port.onmessage = (event: MessageEvent<FromWorklet>) => {
    if (event.data.type === "flushed") flushed.resolve();
    else listener.onFrame(event.data.samples, event.data.level);
  };
  for (const track of stream.getAudioTracks()) track.onended = () => listener.onLost();
  context.createMediaStreamSource(stream).connect(node);

  return {
    async stop() {
      for (const track of stream.getAudioTracks()) track.onended = null;
      node.port.postMessage({ type: "flush" } satisfies ToWorklet);
      // A suspended audio thread never answers; its frames are lost already, the rest must not wait for it.
      const timer = setTimeout(flushed.resolve, FLUSH_TIMEOUT_MS);
      await flushed.promise;
      clearTimeout(timer);
      await release();
    },
  };
}
