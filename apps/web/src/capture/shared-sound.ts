/**
 * The sound of a tab or screen that the person shares with this page. Only its sound is taken: the picture, without which
 * browsers share nothing, is given back at once.
 */
import { CaptureError } from "./problem.ts";

export interface SharedSound {
  readonly stream: MediaStream;
  /** Resolves when it ends by itself: the person stopped sharing, or closed the tab. */
  readonly ended: Promise<void>;
  stop(): void;
}

/** The members that TypeScript's DOM library does not know yet. */
type Options = DisplayMediaStreamOptions & Record<"systemAudio" | "selfBrowserSurface" | "surfaceSwitching", string>;

const OPTIONS: Options = {
  video: true,
  // It is no voice in a room, and is taken as it is.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  ...{ systemAudio: "include", selfBrowserSurface: "exclude", surfaceSwitching: "include" },
};

/** Phones cannot. */
export function canShareSound(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** Null where the person closed the browser's question. Throws CaptureError where what was chosen has no sound. */
export async function openSharedSound(): Promise<SharedSound | null> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia(OPTIONS);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotAllowedError") return null;
    throw new CaptureError("no_shared_sound", error);
  }
  for (const track of stream.getVideoTracks()) track.stop();
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new CaptureError("no_shared_sound");
  return {
    stream,
    ended: new Promise((resolve) => {
      track.onended = () => resolve();
    }),
    stop: () => track.stop(),
  };
}
