/** Process requests without an answer: every state with every event, the times, and a model over random lives. */
import { type ProcessResult, PUSHER } from "@holdfast/contract";
import {
  NO_PENDING,
  type PendingEffect,
  type PendingEntry,
  type PendingEvent,
  type PendingState,
  type PendingStep,
  stepPending,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const NOW = 10_000_000;
const LATE = NOW - PUSHER.pendingTimeoutMs - 1;

const ENTRY: PendingEntry = {
  conversationId: "c",
  jobId: "j",
  generation: 2,
  language: "en",
  sentAtMs: LATE,
  retries: 1,
  state: "sent",
};

const result = (fields: Partial<ProcessResult>): PendingEvent => ({
  type: "result",
  result: { conversation_id: "c", ...fields },
});

type EventName =
  | "same request"
  | "newer request"
  | "older request"
  | "request of another job"
  | "connected"
  | "disconnected"
  | "pass in time"
  | "pass after 120 s"
  | "success"
  | "fenced"
  | "terminal"
  | "own generation stale"
  | "other generation stale"
  | "job_leased"
  | "other error"
  | "malformed"
  | "result of another"
  | "settled";

const request = (fields: Partial<PendingEntry> = {}): PendingEvent => {
  const { conversationId, jobId, generation, language } = { ...ENTRY, ...fields };
  return { type: "request", request: { conversationId, jobId, generation, language } };
};

const EVENTS: Readonly<Record<EventName, PendingEvent>> = {
  "same request": request(),
  "newer request": request({ generation: 3 }),
  "older request": request({ generation: 1 }),
  "request of another job": request({ jobId: "k", generation: 1 }),
  connected: { type: "connected" },
  disconnected: { type: "disconnected" },
  "pass in time": { type: "pass" },
  "pass after 120 s": { type: "pass" },
  success: result({ success: true }),
  fenced: result({ fenced: true }),
  terminal: result({ error: "job_dead_letter", terminal: true }),
  "own generation stale": result({ error: "job_stale_generation", dispatch_generation: 2 }),
  "other generation stale": result({ error: "job_stale_generation", dispatch_generation: 1 }),
  job_leased: result({ error: "job_leased" }),
  "other error": result({ error: "processing_failed" }),
  malformed: result({}),
  "result of another": result({ conversation_id: "d", success: true }),
  settled: { type: "settled", conversationId: "c" },
};

type Situation = "queued" | "sent" | "sent, burst used up" | "waiting_retry";
const SITUATIONS: Readonly<Record<Situation, PendingState>> = {
  queued: { connected: false, entries: new Map([["c", { ...ENTRY, state: "queued" }]]) },
  sent: { connected: true, entries: new Map([["c", ENTRY]]) },
  "sent, burst used up": { connected: true, entries: new Map([["c", { ...ENTRY, retries: 3 }]]) },
  waiting_retry: { connected: true, entries: new Map([["c", { ...ENTRY, state: "waiting_retry" }]]) },
};

const gone = { success: "gone", fenced: "gone", terminal: "gone", "own generation stale": "gone", settled: "gone" };
const kept = { "other generation stale": "unchanged", "result of another": "unchanged", "pass in time": "unchanged" };

/** `state retries age [effects]`: age is how long ago it was sent as far as the entry knows. */
const TABLE: Readonly<Record<Situation, Readonly<Record<EventName, string>>>> = {
  queued: {
    "same request": "queued 1 0",
    "newer request": "queued 1 0",
    "older request": "unchanged",
    "request of another job": "queued 0 0",
    connected: "sent 0 0 [send]",
    disconnected: "queued 1 120001",
    "pass after 120 s": "unchanged",
    job_leased: "unchanged",
    "other error": "unchanged",
    malformed: "unchanged",
    ...gone,
    ...kept,
  },
  sent: {
    "same request": "sent 1 0 [send]",
    "newer request": "sent 1 0 [send]",
    "older request": "unchanged",
    "request of another job": "sent 0 0 [send]",
    connected: "sent 0 0 [send]",
    disconnected: "queued 1 120001",
    "pass after 120 s": "sent 2 0 [retry, send]",
    job_leased: "waiting_retry 1 120001",
    "other error": "waiting_retry 2 120001 [retry]",
    malformed: "waiting_retry 2 120001 [retry]",
    ...gone,
    ...kept,
  },
  "sent, burst used up": {
    "same request": "sent 3 0 [send]",
    "newer request": "sent 3 0 [send]",
    "older request": "unchanged",
    "request of another job": "sent 0 0 [send]",
    connected: "sent 0 0 [send]",
    disconnected: "queued 3 120001",
    "pass after 120 s": "waiting_retry 0 -180000 [rest]",
    job_leased: "waiting_retry 3 120001",
    "other error": "waiting_retry 0 -180000 [rest]",
    malformed: "waiting_retry 0 -180000 [rest]",
    ...gone,
    ...kept,
  },
  waiting_retry: {
    "same request": "sent 1 0 [send]",
    "newer request": "sent 1 0 [send]",
    "older request": "unchanged",
    "request of another job": "sent 0 0 [send]",
    connected: "sent 0 0 [send]",
    disconnected: "queued 1 120001",
    "pass after 120 s": "sent 1 0 [send]",
    job_leased: "unchanged",
    "other error": "unchanged",
    malformed: "unchanged",
    ...gone,
    ...kept,
  },
};

const nameOf = (effect: PendingEffect): string => (effect.type === "retry" && effect.rest ? "rest" : effect.type);

function cellOf(before: PendingState, { state, effects }: PendingStep): string {
  if (state === before && effects.length === 0) return "unchanged";
  const entry = state.entries.get("c");
  if (entry === undefined) return "gone";
  const done = effects.length === 0 ? "" : ` [${effects.map(nameOf).join(", ")}]`;
  return `${entry.state} ${entry.retries} ${NOW - entry.sentAtMs}${done}`;
}

describe("stepPending", () => {
  for (const [situation, row] of Object.entries(TABLE)) {
    for (const [event, expected] of Object.entries(row)) {
      it(`${situation} + ${event} → ${expected}`, () => {
        const before = SITUATIONS[situation as Situation];
        // Exactly 120 s is still in time.
        const nowMs = event === "pass in time" ? NOW - 1 : NOW;
        expect(cellOf(before, stepPending(before, EVENTS[event as EventName], nowMs))).toBe(expected);
      });
    }
  }

  it("keeps what is asked for while there is no connection, and sends what is asked for while there is one", () => {
    const queued = stepPending(NO_PENDING, request(), NOW);
    expect(cellOf(NO_PENDING, queued)).toBe("queued 0 0");
    const connected = stepPending(NO_PENDING, { type: "connected" }, NOW).state;
    expect(cellOf(connected, stepPending(connected, request(), NOW))).toBe("sent 0 0 [send]");
  });

  it("sends everything again on a new connection, with a fresh burst, also what had used up its own", () => {
    const entries = new Map(
      Array.from({ length: 100 }, (_, index) => {
        const conversationId = `c${index}`;
        const states = ["queued", "sent", "waiting_retry"] as const;
        const entry: PendingEntry = {
          ...ENTRY,
          conversationId,
          retries: index % 4,
          state: states[index % 3] ?? "sent",
        };
        return [conversationId, entry];
      }),
    );
    const { state, effects } = stepPending({ connected: false, entries }, { type: "connected" }, NOW);
    expect(effects.map((effect) => `${effect.type} ${effect.entry.conversationId}`)).toEqual(
      [...entries.keys()].map((id) => `send ${id}`),
    );
    for (const entry of state.entries.values())
      expect(entry).toMatchObject({ retries: 0, sentAtMs: NOW, state: "sent" });
  });

  it("lets the oldest go where there is no room, says so, and makes room for nothing that it knows already", () => {
    let state: PendingState = NO_PENDING;
    const ask = (id: string, nowMs: number): PendingStep => {
      const step = stepPending(state, request({ conversationId: id }), nowMs);
      ({ state } = step);
      return step;
    };
    for (let i = 0; i < 100; i += 1) ask(`c${i}`, NOW + ((i + 50) % 100));
    expect(ask("c50", NOW + 200).effects).toEqual([]);
    expect(state.entries.size).toBe(100);
    const { effects } = ask("new", NOW + 300);
    // c50 was the oldest until it was asked for again.
    expect(effects).toMatchObject([{ type: "overflow", entry: { conversationId: "c51" } }]);
    expect(state.entries.size).toBe(100);
    expect(state.entries.has("new")).toBe(true);
  });

  it("tries four times in a row, rests for five minutes, and never stops", () => {
    let state = stepPending(stepPending(NO_PENDING, { type: "connected" }, NOW).state, request(), NOW).state;
    const sentAfter: number[] = [0];
    const restAfter: number[] = [];
    for (let nowMs = NOW; nowMs <= NOW + 2_000_000; nowMs += PUSHER.pendingPassMs) {
      const step = stepPending(state, { type: "pass" }, nowMs);
      ({ state } = step);
      for (const effect of step.effects) {
        if (effect.type === "send") sentAfter.push((nowMs - NOW) / 1_000);
        if (effect.type === "retry" && effect.rest) restAfter.push((nowMs - NOW) / 1_000);
      }
    }
    // Passes are 5 s apart, and 120 s must be exceeded.
    expect(sentAfter).toEqual([0, 125, 250, 375, 805, 930, 1055, 1180, 1610, 1735, 1860, 1985]);
    expect(restAfter).toEqual([500, 1305]);
  });

  it("asks about a job that somebody else works on for as long as it takes, and spends nothing", () => {
    let state = stepPending(stepPending(NO_PENDING, { type: "connected" }, NOW).state, request(), NOW).state;
    for (let round = 1; round <= 20; round += 1) {
      const nowMs = NOW + round * (PUSHER.pendingTimeoutMs + 1);
      ({ state } = stepPending(state, EVENTS.job_leased, nowMs - 1));
      const { effects, ...step } = stepPending(state, { type: "pass" }, nowMs);
      ({ state } = step);
      expect(effects.map(nameOf)).toEqual(["send"]);
      expect(state.entries.get("c")?.retries).toBe(0);
    }
  });

  it("tries again at the next pass after an error, at most three times, then rests", () => {
    let state = stepPending(stepPending(NO_PENDING, { type: "connected" }, NOW).state, request(), NOW).state;
    const told: string[] = [];
    for (let pass = 0; pass < 6; pass += 1) {
      for (const event of [EVENTS["other error"], { type: "pass" } as const]) {
        const step = stepPending(state, event, NOW + pass * PUSHER.pendingPassMs);
        ({ state } = step);
        told.push(...step.effects.map(nameOf));
      }
    }
    expect(told).toEqual(["retry", "send", "retry", "send", "retry", "send", "rest"]);
  });
});

describe("any life", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const anyResult = fc.constantFrom<Partial<ProcessResult>>(
    { success: true },
    { fenced: true },
    { error: "gone wrong", terminal: true },
    { error: "job_stale_generation", dispatch_generation: 1 },
    { error: "job_stale_generation", dispatch_generation: 2 },
    { error: "job_leased" },
    { error: "processing_failed" },
    {},
  );
  const event = fc.oneof(
    fc.record({ type: fc.constant("request" as const), conversationId: id, generation: fc.constantFrom(1, 2) }),
    fc.record({ type: fc.constant("result" as const), conversationId: id, fields: anyResult }),
    fc.record({ type: fc.constantFrom("connected" as const, "disconnected" as const, "pass" as const) }),
  );
  const life = fc.array(fc.tuple(event, fc.constantFrom(0, 1, 5_000, 120_000, 120_001, 300_000)), { maxLength: 150 });

  it("forgets a request only for an answer that ends it", () => {
    fc.assert(
      fc.property(life, (events) => {
        let state = NO_PENDING;
        let nowMs = NOW;
        /** What must still be known, by conversation, with its generation. */
        const model = new Map<string, number>();
        let isConnected = false;
        for (const [what, afterMs] of events) {
          nowMs += afterMs;
          let step: PendingStep;
          if (what.type === "request") {
            const { conversationId, generation } = what;
            step = stepPending(state, request({ conversationId, generation }), nowMs);
            model.set(conversationId, Math.max(generation, model.get(conversationId) ?? 0));
          } else if (what.type === "result") {
            const { conversationId, fields } = what;
            step = stepPending(state, result({ conversation_id: conversationId, ...fields }), nowMs);
            const isStale = fields.error === "job_stale_generation";
            const ends = fields.success === true || fields.fenced === true || fields.terminal === true;
            if (ends || (isStale && fields.dispatch_generation === model.get(conversationId)))
              model.delete(conversationId);
          } else {
            step = stepPending(state, what, nowMs);
            if (what.type !== "pass") isConnected = what.type === "connected";
            if (what.type === "connected") expect(step.effects).toHaveLength(model.size);
          }
          ({ state } = step);
          expect(new Map([...state.entries].map(([key, { generation }]) => [key, generation]))).toEqual(model);
          expect(state.connected).toBe(isConnected);
          if (!isConnected) expect(step.effects.filter((effect) => effect.type !== "overflow")).toEqual([]);
          for (const entry of state.entries.values()) {
            expect(entry.state === "queued").toBe(!isConnected);
            expect(entry.retries).toBeLessThanOrEqual(PUSHER.pendingRetries);
            // Law L5: while connected, everything is tried again within seven minutes.
            expect(entry.sentAtMs + PUSHER.pendingTimeoutMs - nowMs).toBeLessThanOrEqual(PUSHER.pendingRestMs);
          }
        }
      }),
    );
  });

  it("never holds more than a hundred, and says which it let go", () => {
    const ids = fc.array(fc.nat(160), { maxLength: 400 });
    fc.assert(
      fc.property(ids, fc.boolean(), (list, isConnected) => {
        let state = isConnected ? stepPending(NO_PENDING, { type: "connected" }, NOW).state : NO_PENDING;
        const known = new Set<string>();
        list.forEach((number, index) => {
          const step = stepPending(state, request({ conversationId: `c${number}` }), NOW + index);
          ({ state } = step);
          known.add(`c${number}`);
          for (const effect of step.effects) if (effect.type === "overflow") known.delete(effect.entry.conversationId);
          expect(state.entries.size).toBeLessThanOrEqual(PUSHER.maxPendingRequests);
          expect([...state.entries.keys()].sort()).toEqual([...known].sort());
        });
      }),
    );
  });
});
