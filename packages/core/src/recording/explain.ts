/**
 * Why a recording is where it is, and what happens next and when: the answer to every "why does it wait?" as codes, so that
 * each surface says it in its own words and language.
 */
import type { ActiveLimit } from "./cooldown.ts";
import { type DisplayState, displayState } from "./display.ts";
import type { RecordingState } from "./recording.ts";

export type ExplainedNext =
  /** It is being captured; it goes when it is full or capture ends. */
  | "sealed_when_full"
  /** The live connection may still deliver it. */
  | "sends_live"
  /** It goes up in the pass that runs. */
  | "sends_now"
  | "sends_in_turn"
  | "sends_when_online"
  | "sends_after_pause"
  | "sends_after_sign_in"
  /** Automatic syncing is off; while the account pauses, `atMs` says from when asking helps. */
  | "sends_when_asked"
  /** A pass failed; the next one begins at `atMs`. */
  | "tries_again"
  | "asks_server"
  | "nothing"
  /** Its local copy is removed at `atMs`. */
  | "copy_removed"
  | "person_retries"
  | "person_deletes";

export interface ExplainContext {
  readonly isSending: boolean;
  /** Somebody else may still deliver it. */
  readonly isHeld?: boolean;
  readonly isOnline: boolean;
  readonly isSignedIn: boolean;
  readonly isAutomatic: boolean;
  readonly limit: ActiveLimit | null;
  /** When the next pass or question is planned; null where none is. */
  readonly nextPassAtMs: number | null;
  /** Confirmed copies are removed so long after their confirmation; null for never. */
  readonly retentionMs: number | null;
}

export interface Explanation {
  readonly state: DisplayState;
  /** Code of the last failure or refusal, or what the pause is; null where nothing stands in the way. */
  readonly why: string | null;
  readonly next: ExplainedNext;
  /** Unix milliseconds; null where nobody can say. */
  readonly atMs: number | null;
}

export function explain(recording: RecordingState, context: ExplainContext): Explanation {
  const state = displayState(recording, context.isSending);
  const say = (next: ExplainedNext, atMs: number | null = null, why = recording.reason): Explanation => ({
    ...{ state, why, next, atMs },
  });
  switch (state) {
    case "syncing":
      return say("sends_now");
    case "waiting":
    case "retrying": {
      if (recording.status === "in_progress") return say("sealed_when_full");
      if (context.isHeld === true) return say("sends_live");
      if (!context.isSignedIn) return say("sends_after_sign_in", null, "signed_out");
      const { limit } = context;
      if (!context.isAutomatic)
        return say("sends_when_asked", limit?.untilMs ?? null, limit?.reason ?? recording.reason);
      if (limit !== null) return say("sends_after_pause", limit.untilMs, limit.reason);
      if (!context.isOnline) return say("sends_when_online", null, "offline");
      return context.nextPassAtMs === null ? say("sends_in_turn") : say("tries_again", context.nextPassAtMs);
    }
    case "uploaded": {
      // A pause costs no request, so that nothing is asked either (law L9).
      if (!context.isSignedIn) return say("asks_server", null, "signed_out");
      const { limit } = context;
      if (limit !== null) return say("asks_server", limit.untilMs, limit.reason);
      return context.isOnline ? say("asks_server", context.nextPassAtMs) : say("asks_server", null, "offline");
    }
    case "synced": {
      const { retentionMs } = context;
      if (retentionMs === null || recording.syncedAtMs === 0) return say("nothing");
      return say("copy_removed", recording.syncedAtMs + retentionMs);
    }
    case "failed":
    case "upload_rejected":
      return say("person_retries");
    case "corrupted":
    case "too_old":
    case "unsupported_audio":
      return say("person_deletes");
    default:
      return state satisfies never;
  }
}
