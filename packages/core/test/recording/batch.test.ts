/** Which recordings go into one upload (reference client-sync 4.2). */
import { type BatchCandidate, CHUNK_BYTES, MAX_BATCH, nextBatch } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const minute = (id: string, over: Partial<BatchCandidate> = {}): BatchCandidate => ({
  ...{ id, kind: "frames", startedAtMs: Number(id) * 60_000, bytes: 100_000 },
  ...{ sessionId: "s", conversationId: "c", device: "phone", attempts: 0, batchId: null },
  ...over,
});
const ids = (batch: readonly BatchCandidate[]) => batch.map(({ id }) => id).join(" ");

describe("nextBatch", () => {
  it("is empty where there is nothing to send", () => {
    expect(nextBatch([])).toEqual([]);
  });

  it("takes the newest five of a session, in the order of capture", () => {
    const session = ["3", "7", "1", "6", "2", "5", "4"].map((id) => minute(id));
    expect(ids(nextBatch(session))).toBe("3 4 5 6 7");
  });

  it("sends what failed before alone, so that it takes nothing else with it", () => {
    const session = [minute("1"), minute("2", { attempts: 1 }), minute("3"), minute("4", { attempts: 2 })];
    expect(ids(nextBatch(session))).toBe("4");
    expect(ids(nextBatch(session.slice(0, 3)))).toBe("1 3");
  });

  it("sends what was never judged as the very same batch again, also with what would not go by itself", () => {
    const batchId = "1";
    const first = [minute("1", { batchId, attempts: 3 }), minute("2", { batchId, attempts: 1 })];
    const later = minute("3", { startedAtMs: first[0]?.startedAtMs ?? 0 });
    expect(ids(nextBatch([later, ...first.slice(1)], [...first.toReversed(), later]))).toBe("1 2");
    expect(ids(nextBatch([...first, minute("4"), minute("5")]))).toBe("4 5");
  });

  it("takes any iterable, once", () => {
    const session = new Map([["1", minute("1")]]);
    expect(ids(nextBatch(session.values()))).toBe("1");
  });

  it.each(["sessionId", "conversationId", "device"] as const)("leaves out those of another %s", (field) => {
    const others = [minute("1"), minute("2", { [field]: "other" }), minute("3")];
    expect(ids(nextBatch(others))).toBe("1 3");
  });

  it.each(["sessionId", "conversationId"] as const)("does not take an unknown %s for the same", (field) => {
    expect(ids(nextBatch([minute("1", { [field]: null }), minute("2")]))).toBe("2");
    expect(ids(nextBatch([minute("1"), minute("2", { [field]: null })]))).toBe("2");
  });

  it("sends an ordinary sound file alone, and never with frames", () => {
    const sound = { kind: "sound" } as const;
    expect(ids(nextBatch([minute("1", sound), minute("2", sound)]))).toBe("2");
    expect(ids(nextBatch([minute("1", sound), minute("2"), minute("3")]))).toBe("2 3");
  });

  it("stops before it is too large", () => {
    const half = { bytes: CHUNK_BYTES / 2 };
    expect(ids(nextBatch([minute("1", half), minute("2", half), minute("3", half)]))).toBe("2 3");
    expect(ids(nextBatch([minute("1", half), minute("2", { bytes: half.bytes + 1 })]))).toBe("2");
    // What was captured together stays together: nothing is taken from beyond the one that does not fit.
    const less = { bytes: half.bytes - 10 };
    expect(ids(nextBatch([minute("1", { bytes: 1 }), minute("2", half), minute("3", less), minute("4", half)]))).toBe(
      "3 4",
    );
  });

  it("sends alone what is too large by itself", () => {
    const huge = { bytes: CHUNK_BYTES * 3 };
    expect(ids(nextBatch([minute("1"), minute("2", huge)]))).toBe("2");
    expect(ids(nextBatch([minute("1", huge), minute("2")]))).toBe("2");
  });

  it("is the same for the same recordings in any order, also where two began together", () => {
    const twins = [minute("1", { startedAtMs: 5 }), minute("2", { startedAtMs: 5 }), minute("3", { startedAtMs: 5 })];
    expect(ids(nextBatch(twins))).toBe("1 2 3");
    expect(ids(nextBatch(twins.toReversed()))).toBe("1 2 3");
  });
});

const candidates = fc
  .array(
    fc.record({
      kind: fc.constantFrom("frames", "frames", "frames", "sound" as const),
      startedAtMs: fc.nat(40),
      bytes: fc.constantFrom(1, 1_000, CHUNK_BYTES / 2, CHUNK_BYTES - 1, CHUNK_BYTES + 1),
      sessionId: fc.constantFrom("s1", "s2", null),
      conversationId: fc.constantFrom("c1", null),
      device: fc.constantFrom("phone", "phone", "omi"),
      attempts: fc.constantFrom(0, 0, 0, 1),
    }),
    { maxLength: 40, size: "max" },
  )
  .map((list): BatchCandidate[] => list.map((one, index) => ({ ...one, id: `r${index}`, batchId: null })));

const bytesOf = (batch: readonly BatchCandidate[]) => batch.reduce((sum, { bytes }) => sum + bytes, 0);

describe("any backlog", () => {
  it("goes up whole, each recording once (D10)", () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const left = new Set(all);
        const sent: BatchCandidate[] = [];
        while (left.size > 0) {
          const batch = nextBatch(left);
          expect(batch.length).toBeGreaterThan(0);
          for (const member of batch) {
            expect(left.delete(member)).toBe(true);
            sent.push(member);
          }
        }
        expect(new Set(sent).size).toBe(all.length);
      }),
    );
  });

  it("goes newest first, in batches of one kin, in the order of capture, within the limits", () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const batch = nextBatch(all);
        const last = batch.at(-1);
        if (last === undefined) {
          expect(all).toEqual([]);
          return;
        }
        expect(last.startedAtMs).toBe(Math.max(...all.map(({ startedAtMs }) => startedAtMs)));
        const starts = batch.map(({ startedAtMs }) => startedAtMs);
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        expect(batch.length).toBeLessThanOrEqual(last.kind === "sound" ? 1 : MAX_BATCH);
        if (batch.length > 1) expect(bytesOf(batch)).toBeLessThanOrEqual(CHUNK_BYTES);
        const { kind, sessionId, conversationId, device } = last;
        for (const member of batch) expect(member).toMatchObject({ kind, sessionId, conversationId, device });
      }),
    );
  });

  it("is sent in batches as full as they may be", () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const batch = nextBatch(all);
        const last = batch.at(-1);
        if (last === undefined || last.kind === "sound" || last.attempts > 0 || batch.length === MAX_BATCH) return;
        const { sessionId, conversationId, device } = last;
        const kin = all.filter(
          (other) =>
            other.kind === "frames" &&
            other.attempts === 0 &&
            !batch.includes(other) &&
            [other.sessionId, other.conversationId, other.device].join() === [sessionId, conversationId, device].join(),
        );
        if (kin.length === 0) return;
        const newestMs = Math.max(...kin.map(({ startedAtMs }) => startedAtMs));
        const next = kin.filter(({ startedAtMs }) => startedAtMs === newestMs);
        expect(Math.max(...next.map(({ bytes }) => bytes)) + bytesOf(batch)).toBeGreaterThan(CHUNK_BYTES);
      }),
    );
  });
});
