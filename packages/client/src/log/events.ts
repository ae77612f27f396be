/** What a recording log tells: every change, and everything that a person should know about what is kept. */
import type { HoldfastError } from "@holdfast/contract";
import { Listeners } from "../listeners.ts";
import type { Recording } from "./recording.ts";

export type RecordingLogEvent =
  | { readonly type: "recording_added"; readonly recording: Recording }
  | { readonly type: "recording_changed"; readonly recording: Recording; readonly before: Recording }
  | { readonly type: "recording_removed"; readonly recording: Recording }
  | { readonly type: "note_changed"; readonly key: string; readonly value: string | null }
  /** So many frames of a session were written so far; `recordings` is up to date. */
  | { readonly type: "captured"; readonly sessionId: string; readonly frames: number }
  /** Frames cannot be written. They are held in memory and tried again. */
  | {
      readonly type: "capture_stalled";
      readonly sessionId: string;
      readonly error: HoldfastError;
      readonly heldFrames: number;
    }
  /** Memory is full too: so many frames of this session are gone since it began. Told at the first and then each second. */
  | { readonly type: "frames_lost"; readonly sessionId: string; readonly lostFrames: number }
  | { readonly type: "capture_resumed"; readonly sessionId: string; readonly lostFrames: number }
  /** Recording goes on, but room runs out. Told once until there is room again. */
  | { readonly type: "space_low"; readonly freeBytes: number; readonly reserveBytes: number }
  | {
      readonly type: "space_refused";
      readonly freeBytes: number;
      readonly reserveBytes: number;
      readonly proposedBytes: number;
    }
  /** The platform does not say how much room there is. */
  | { readonly type: "space_unknown" }
  /** Copies of what the server confirmed were removed for their age. */
  | { readonly type: "copies_removed"; readonly days: number; readonly ids: readonly string[] }
  /** A write or sync failed where nobody waited for it; it is tried again. */
  | { readonly type: "storage_problem"; readonly error: unknown };

export type RecordingLogListener = (event: RecordingLogEvent) => void;

export class LogEvents extends Listeners<[event: RecordingLogEvent]> {}
