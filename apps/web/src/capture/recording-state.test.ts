/** The recording machine: every phase meets every event, so that a missing cell does not compile; then the rules one by one. */
import type { Segment } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IDLE, onlyHereMs, type RecordingEvent, type RecordingState, step } from "./recording-state.ts";

type Phase = RecordingState["phase"];
type EventName = RecordingEvent["type"];

function segment(id: string, start: number, text = id): Segment {
  return {
    id,
    text,
    start,
    end: start + 1,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    translations: [],
    speech_profile_processed: true,
    stt_provider: null,
  };
}

const running: RecordingState = { ...IDLE, phase: "recording", startedAtMs: 1_000 };

const STATES: Readonly<Record<Phase, RecordingState>> = {
  idle: IDLE,
  asking: { ...IDLE, phase: "asking" },
  recording: running,
  stopping: { ...running, phase: "stopping" },
  failed: { ...IDLE, phase: "failed", problem: "denied" },
};

const EVENTS: Readonly<Record<EventName, RecordingEvent>> = {
  press_record: { type: "press_record" },
  given_up: { type: "given_up" },
  microphone_ready: { type: "microphone_ready", atMs: 5_000 },
  microphone: { type: "microphone", isOther: true },
  shared: { type: "shared", shared: "on" },
  captured: { type: "captured", ms: 400 },
  link: { type: "link", link: "live" },
  transcription: { type: "transcription", transcription: "ready" },
  safe: { type: "safe", ms: 200 },
  storage: { type: "storage", storage: "stalled" },
  segments: { type: "segments", segments: [segment("a", 0)] },
  segments_deleted: { type: "segments_deleted", ids: ["zzz"] },
  conversation: { type: "conversation", id: "c1" },
  press_stop: { type: "press_stop" },
  stopped: { type: "stopped", conversationId: "c1", isKept: false },
  failed: { type: "failed", problem: "microphone_lost" },
  dismiss: { type: "dismiss" },
};

/** The phase afterwards, or "same" where the event means nothing there. */
const TABLE: Readonly<Record<Phase, Readonly<Record<EventName, Phase | "same">>>> = {
  idle: {
    press_record: "asking",
    given_up: "same",
    microphone_ready: "same",
    microphone: "same",
    shared: "same",
    captured: "same",
    link: "same",
    transcription: "same",
    safe: "same",
    storage: "same",
    segments: "same",
    segments_deleted: "same",
    conversation: "same",
    press_stop: "same",
    stopped: "same",
    failed: "same",
    dismiss: "idle",
  },
  asking: {
    press_record: "same",
    given_up: "idle",
    microphone_ready: "recording",
    microphone: "asking",
    shared: "same",
    captured: "same",
    link: "same",
    transcription: "same",
    safe: "same",
    storage: "same",
    segments: "same",
    segments_deleted: "same",
    conversation: "same",
    press_stop: "same",
    stopped: "same",
    failed: "failed",
    dismiss: "same",
  },
  recording: {
    press_record: "same",
    given_up: "same",
    microphone_ready: "same",
    microphone: "recording",
    shared: "recording",
    captured: "recording",
    link: "recording",
    transcription: "recording",
    safe: "recording",
    storage: "recording",
    segments: "recording",
    segments_deleted: "recording",
    conversation: "recording",
    press_stop: "stopping",
    stopped: "same",
    failed: "stopping",
    dismiss: "same",
  },
  stopping: {
    press_record: "same",
    given_up: "same",
    microphone_ready: "same",
    microphone: "stopping",
    shared: "stopping",
    captured: "stopping",
    link: "stopping",
    transcription: "stopping",
    safe: "stopping",
    storage: "stopping",
    segments: "stopping",
    segments_deleted: "stopping",
    conversation: "stopping",
    press_stop: "same",
    stopped: "idle",
    failed: "failed",
    dismiss: "same",
  },
  failed: {
    press_record: "asking",
    given_up: "same",
    microphone_ready: "same",
    microphone: "same",
    shared: "same",
    captured: "same",
    link: "same",
    transcription: "same",
    safe: "same",
    storage: "same",
    segments: "same",
    segments_deleted: "same",
    conversation: "same",
    press_stop: "same",
    stopped: "same",
    failed: "same",
    dismiss: "idle",
  },
};

const CELLS = (Object.keys(TABLE) as Phase[]).flatMap((phase) =>
  (Object.keys(EVENTS) as EventName[]).map((event) => [phase, event] as const),
);

describe("the table", () => {
  it.each(CELLS)("%s meets %s", (phase, event) => {
    const before = STATES[phase];
    const after = step(before, EVENTS[event]);
    const expected = TABLE[phase][event];
    if (expected === "same") expect(after).toBe(before);
    else expect(after.phase).toBe(expected);
  });
});

describe("words", () => {
  it("keep their place by id while they grow", () => {
    const first = step(running, { type: "segments", segments: [segment("a", 0, "ask"), segment("b", 4)] });
    const grown = step(first, { type: "segments", segments: [segment("a", 0, "ask not")] });
    expect(grown.segments.map(({ id, text }) => [id, text])).toEqual([
      ["a", "ask not"],
      ["b", "b"],
    ]);
  });

  it("leave when the server joins segments", () => {
    const two = step(running, { type: "segments", segments: [segment("a", 0), segment("b", 4)] });
    expect(step(two, { type: "segments_deleted", ids: ["b"] }).segments.map(({ id }) => id)).toEqual(["a"]);
  });

  it("begin anew with another conversation, which is remembered", () => {
    const first = step(step(running, EVENTS.conversation), EVENTS.segments);
    const second = step(first, { type: "conversation", id: "c2" });
    expect(second).toMatchObject({ conversationId: "c2", segments: [], earlier: ["c1"] });
  });

  it("of a conversation in which nothing was said leave no trace", () => {
    const first = step(running, EVENTS.conversation);
    expect(step(first, { type: "conversation", id: "c2" }).earlier).toEqual([]);
  });

  it("stay when a reconnected socket names the same conversation again", () => {
    const first = step(step(running, EVENTS.conversation), EVENTS.segments);
    expect(step(first, EVENTS.conversation)).toBe(first);
  });
});

describe("what is heard", () => {
  it("is told from the first moment, and begins anew with each recording", () => {
    const other = step(step(STATES.asking, EVENTS.microphone), EVENTS.microphone_ready);
    expect(other).toMatchObject({ phase: "recording", isOtherMicrophone: true, shared: "off" });
    expect(step(other, { type: "microphone", isOther: false }).isOtherMicrophone).toBe(false);
    const ended = step(step(other, EVENTS.press_stop), EVENTS.stopped);
    expect(step(ended, EVENTS.press_record)).toMatchObject({ isOtherMicrophone: false, shared: "off" });
  });

  it("loses the shared part without ending", () => {
    const shared = step(running, EVENTS.shared);
    expect(step(shared, { type: "shared", shared: "ended" })).toMatchObject({ phase: "recording", shared: "ended" });
  });
});

describe("faults", () => {
  it("of the microphone still deliver what was captured, and are shown afterwards", () => {
    const stopping = step(running, { type: "failed", problem: "microphone_lost" });
    const after = step(stopping, { type: "stopped", conversationId: "c1", isKept: false });
    expect(after).toMatchObject({ phase: "failed", problem: "microphone_lost", outcome: { conversationId: "c1" } });
  });

  it("of the place where it is kept does not end a recording", () => {
    expect(step(running, EVENTS.storage)).toMatchObject({ phase: "recording", storage: "stalled" });
  });

  it("before it began leave nothing to keep", () => {
    expect(step(STATES.asking, { type: "failed", problem: "storage_full" })).toMatchObject({ outcome: null });
  });
});

it("what is safe never shrinks and what is only here is never negative", () => {
  const event = fc.oneof(
    fc.nat(10_000).map((ms): RecordingEvent => ({ type: "captured", ms })),
    fc.nat(10_000).map((ms): RecordingEvent => ({ type: "safe", ms })),
    fc.constantFrom<RecordingEvent>(EVENTS.link, { type: "link", link: "reconnecting" }, EVENTS.press_stop),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let state = running;
      for (const each of events) {
        const next = step(state, each);
        expect(next.safeMs).toBeGreaterThanOrEqual(state.safeMs);
        expect(next.capturedMs).toBeGreaterThanOrEqual(state.capturedMs);
        expect(onlyHereMs(next)).toBeGreaterThanOrEqual(0);
        state = next;
      }
    }),
  );
});
