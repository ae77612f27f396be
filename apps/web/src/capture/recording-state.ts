/**
 * The life of one recording as the page shows it, as a pure step.
 *
 *   idle ──press_record──▶ asking ──microphone_ready──▶ recording ──press_stop──▶ stopping ──stopped──▶ idle
 *                            │                              │                        │
 *                            ├────────── failed ◀───────────┴────────────────────────┘  (failed ──press_record──▶ asking)
 *                            └──given_up──▶ idle
 *
 * While `recording`, the link may come and go: what was spoken stays counted in `capturedMs`, what the server has made
 * durable in `safeMs`, and the difference is what exists only here, in the recording log. `stopping` waits a little for that
 * difference to reach zero; what is left then is uploaded by itself (`outcome.isKept`).
 * A fault of the microphone or the encoder during a recording leads to `stopping` too: what was captured is still sent, and
 * the fault is shown afterwards. Words are kept by segment id, so that a segment that grows stays where it is.
 */
import { removeSegments, upsertSegments } from "@holdfast/client";
import type { Segment } from "@holdfast/contract";
import type { CaptureProblem } from "./problem.ts";

/** `refused`: the server takes no live sound of this recording; it goes by upload. */
export type LinkState = "connecting" | "live" | "reconnecting" | "refused";

/** Whether the device still keeps what it hears; `lost` is said as long as the recording runs. */
export type Storage = "fine" | "low" | "stalled" | "losing" | "lost";

/** Whether words can appear now. Sound is kept in each of these. */
export type Transcription = "starting" | "ready" | "recovering" | "failed";

/** Sound that the person shares beside the microphone; `silent`: what was chosen last has none. */
export type Shared = "off" | "on" | "ended" | "silent";

export interface RecordingState {
  readonly phase: "idle" | "asking" | "recording" | "stopping" | "failed";
  readonly link: LinkState;
  readonly transcription: Transcription;
  readonly storage: Storage;
  /** Another microphone is heard than the person wants. */
  readonly isOtherMicrophone: boolean;
  readonly shared: Shared;
  /** Wall time at which the sound began; null before. */
  readonly startedAtMs: number | null;
  readonly capturedMs: number;
  readonly safeMs: number;
  readonly segments: readonly Segment[];
  /** Where the words go; null until the server has said so. */
  readonly conversationId: string | null;
  /** Conversations that this recording has filled before (a long silence begins a new one). */
  readonly earlier: readonly string[];
  readonly problem: CaptureProblem | null;
  readonly outcome: Outcome | null;
}

export interface Outcome {
  /** The conversation that the last recording became; null where nothing was said, or where it is only kept so far. */
  readonly conversationId: string | null;
  /** Some of it is only on this device, and is uploaded by itself. */
  readonly isKept: boolean;
}

export type RecordingEvent =
  | { readonly type: "press_record" }
  /** The person closed a question of the browser without an answer. */
  | { readonly type: "given_up" }
  | { readonly type: "microphone_ready"; readonly atMs: number }
  | { readonly type: "microphone"; readonly isOther: boolean }
  | { readonly type: "shared"; readonly shared: Shared }
  | { readonly type: "captured"; readonly ms: number }
  | { readonly type: "link"; readonly link: LinkState }
  | { readonly type: "transcription"; readonly transcription: Transcription }
  | { readonly type: "safe"; readonly ms: number }
  | { readonly type: "storage"; readonly storage: Storage }
  | { readonly type: "segments"; readonly segments: readonly Segment[] }
  | { readonly type: "segments_deleted"; readonly ids: readonly string[] }
  | { readonly type: "conversation"; readonly id: string }
  | { readonly type: "press_stop" }
  | ({ readonly type: "stopped" } & Outcome)
  | { readonly type: "failed"; readonly problem: CaptureProblem }
  | { readonly type: "dismiss" };

export const IDLE: RecordingState = {
  phase: "idle",
  link: "connecting",
  transcription: "starting",
  storage: "fine",
  isOtherMicrophone: false,
  shared: "off",
  startedAtMs: null,
  capturedMs: 0,
  safeMs: 0,
  segments: [],
  conversationId: null,
  earlier: [],
  problem: null,
  outcome: null,
};

/** An event that means nothing in a phase leaves the state as it is (the same object). */
export function step(state: RecordingState, event: RecordingEvent): RecordingState {
  const running = state.phase === "recording" || state.phase === "stopping";
  switch (event.type) {
    case "press_record":
      return running || state.phase === "asking" ? state : { ...IDLE, phase: "asking" };
    case "given_up":
      return state.phase === "asking" ? IDLE : state;
    case "microphone_ready":
      return state.phase === "asking" ? { ...state, phase: "recording", startedAtMs: event.atMs } : state;
    case "microphone":
      return (running || state.phase === "asking") && event.isOther !== state.isOtherMicrophone
        ? { ...state, isOtherMicrophone: event.isOther }
        : state;
    case "shared":
      return running && event.shared !== state.shared ? { ...state, shared: event.shared } : state;
    case "captured":
      return running && event.ms > state.capturedMs ? { ...state, capturedMs: event.ms } : state;
    case "link":
      return running && event.link !== state.link ? { ...state, link: event.link } : state;
    case "transcription":
      return running && event.transcription !== state.transcription
        ? { ...state, transcription: event.transcription }
        : state;
    case "safe":
      return running && event.ms > state.safeMs ? { ...state, safeMs: event.ms } : state;
    case "storage":
      return running && event.storage !== state.storage ? { ...state, storage: event.storage } : state;
    case "segments":
      return running && event.segments.length > 0
        ? { ...state, segments: upsertSegments(state.segments, event.segments) }
        : state;
    case "segments_deleted":
      return running ? { ...state, segments: removeSegments(state.segments, event.ids) } : state;
    case "conversation":
      return running ? enterConversation(state, event.id) : state;
    case "press_stop":
      return state.phase === "recording" ? { ...state, phase: "stopping" } : state;
    case "stopped":
      if (state.phase !== "stopping") return state;
      return {
        ...IDLE,
        phase: state.problem === null ? "idle" : "failed",
        problem: state.problem,
        outcome: { conversationId: event.conversationId, isKept: event.isKept },
      };
    case "failed":
      return fail(state, event.problem);
    case "dismiss":
      return state.phase === "failed" || state.phase === "idle" ? IDLE : state;
    default:
      return event satisfies never;
  }
}

/** How much exists only on this device, in milliseconds. */
export function onlyHereMs(state: RecordingState): number {
  return Math.max(0, state.capturedMs - state.safeMs);
}

function fail(state: RecordingState, problem: CaptureProblem): RecordingState {
  switch (state.phase) {
    case "asking":
      return { ...IDLE, phase: "failed", problem };
    case "recording":
      return { ...state, phase: "stopping", problem };
    case "stopping":
      return { ...state, phase: "failed", problem };
    case "idle":
    case "failed":
      return state;
    default:
      return state.phase satisfies never;
  }
}

function enterConversation(state: RecordingState, id: string): RecordingState {
  if (state.conversationId === id) return state;
  const hasWords = state.segments.length > 0 && state.conversationId !== null;
  return {
    ...state,
    conversationId: id,
    segments: [],
    earlier: hasWords && state.conversationId !== null ? [...state.earlier, state.conversationId] : state.earlier,
  };
}
