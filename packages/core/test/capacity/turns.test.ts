import { QUEUE } from "@holdfast/contract";
import { claimOrder, keepsLastPlace, type LaneTurn, nextUpload, type SyncLane } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("claimOrder", () => {
  it("prefers live repairs, then fresh recordings, and starves nothing", () => {
    const firsts = Array.from({ length: QUEUE.backfillEvery }, (_, turn) => claimOrder(turn)[0]);
    expect(firsts).toEqual(["other", "fresh", "other", "backfill"]);
    for (let turn = 0; turn < 40; turn += 1) {
      const order = claimOrder(turn);
      expect([...order].sort()).toEqual(["backfill", "fresh", "other"]);
      expect(claimOrder(turn + QUEUE.backfillEvery)).toEqual(order);
      if (order[0] !== "backfill") expect(order.indexOf("fresh")).toBeLessThan(order.indexOf("backfill"));
    }
  });
});

describe("keepsLastPlace", () => {
  it.each([
    [1, 0, false],
    [1, 1, false],
    [2, 0, false],
    [2, 1, true],
    [2, 2, true],
    [4, 2, false],
    [4, 3, true],
  ])("of %d places with %d old jobs running: %s", (places, running, kept) => {
    expect(keepsLastPlace(places, running)).toBe(kept);
  });
});

const waiting = (userId: string, lane: SyncLane, n: number, over: { capturedMs?: number; dueMs?: number } = {}) => ({
  ...{ userId, lane, id: `${userId}-${String(n).padStart(4, "0")}`, capturedMs: n, dueMs: 0 },
  ...over,
});

describe("nextUpload", () => {
  it("takes the lane that waits longest, and its oldest capture that is due", () => {
    const lanes: LaneTurn[] = [
      { userId: "a", lane: "backfill", turnMs: 5, busy: false, waiting: [waiting("a", "backfill", 1)] },
      {
        ...{ userId: "b", lane: "backfill", turnMs: 3, busy: false },
        waiting: [
          waiting("b", "backfill", 9),
          waiting("b", "backfill", 2, { dueMs: 100 }),
          waiting("b", "backfill", 7),
        ],
      },
      { userId: "c", lane: "backfill", turnMs: 1, busy: true, waiting: [waiting("c", "backfill", 1)] },
    ];
    expect(nextUpload(lanes, "backfill", 50)?.id).toBe("b-0007");
    expect(nextUpload(lanes, "backfill", 100)?.id).toBe("b-0002");
    expect(nextUpload(lanes, "fresh", 100)).toBeUndefined();
    expect(nextUpload([], "backfill", 100)).toBeUndefined();
  });

  it("is decided by user and id where times are equal", () => {
    const lane = (userId: string): LaneTurn => ({
      ...{ userId, lane: "fresh", turnMs: 1, busy: false },
      waiting: [waiting(userId, "fresh", 2, { capturedMs: 0 }), waiting(userId, "fresh", 1, { capturedMs: 0 })],
    });
    expect(nextUpload([lane("b"), lane("a")], "fresh", 0)?.id).toBe("a-0001");
  });

  it("serves no user twice while another one waits", () => {
    // Every action: a user's job comes (0-3), the next one is served, or one in work ends.
    const action = fc.oneof(
      fc.record({ type: fc.constant("come" as const), user: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ type: fc.constant("serve" as const), user: fc.constant(0) }),
      fc.record({ type: fc.constant("end" as const), user: fc.integer({ min: 0, max: 3 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
        let lanes: LaneTurn[] = [0, 1, 2, 3].map((n) => ({
          ...{ userId: `u${n}`, lane: "backfill", turnMs: 0, busy: false, waiting: [] },
        }));
        const passedOver = new Map<string, string[]>();
        for (const [nowMs, { type, user }] of actions.entries()) {
          const change = (userId: string, to: (lane: LaneTurn) => LaneTurn): void => {
            lanes = lanes.map((lane) => (lane.userId === userId ? to(lane) : lane));
          };
          if (type === "end") change(`u${user}`, (lane) => ({ ...lane, busy: false }));
          if (type === "come") {
            change(`u${user}`, (lane) => ({
              ...lane,
              turnMs: lane.waiting.length === 0 ? nowMs : lane.turnMs,
              waiting: [...lane.waiting, { ...waiting(lane.userId, "backfill", nowMs), dueMs: nowMs }],
            }));
          }
          const ready = lanes.filter((lane) => !lane.busy && lane.waiting.length > 0).map((lane) => lane.userId);
          for (const userId of passedOver.keys()) if (!ready.includes(userId)) passedOver.delete(userId);
          for (const userId of ready) if (!passedOver.has(userId)) passedOver.set(userId, []);
          if (type !== "serve") continue;
          const next = nextUpload(lanes, "backfill", nowMs);
          expect(next === undefined).toBe(ready.length === 0);
          if (next === undefined) continue;
          const lane = lanes.find((each) => each.userId === next.userId);
          expect(lane?.busy).toBe(false);
          expect(next.capturedMs).toBe(Math.min(...(lane?.waiting ?? []).map((job) => job.capturedMs)));
          for (const [userId, served] of passedOver) if (userId !== next.userId) served.push(next.userId);
          for (const served of passedOver.values()) expect(new Set(served).size).toBe(served.length);
          passedOver.delete(next.userId);
          change(next.userId, (was) => ({
            ...was,
            turnMs: nowMs,
            busy: true,
            waiting: was.waiting.filter((job) => job.id !== next.id),
          }));
        }
      }),
      { numRuns: 300 },
    );
  });
});
