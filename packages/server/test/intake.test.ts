/** What one socket makes of the sound it gets; the wall time of sound goes on over sockets. */
import { describe, expect, it } from "vitest";
import { Intake } from "../src/listen/intake.ts";

const MESSAGE = new Uint8Array(3_200);
const T0 = Date.UTC(2026, 0, 1);

function intake(over: object = {}): Intake {
  return new Intake({ codec: "pcm16", sampleRate: 16_000, channels: 1, durable: 0, firstSequence: null, ...over });
}

const capturedAt = (taker: Intake, arrivedAtMs: number): number | undefined =>
  taker.take(MESSAGE, arrivedAtMs, "c1")[0]?.capturedAtMs;

describe("wall time", () => {
  it("begins with the arrival of the first message of a recording", () => {
    const taker = intake();
    expect(capturedAt(taker, T0)).toBe(T0);
    expect(capturedAt(taker, T0 + 130)).toBe(T0 + 100);
  });

  it("never goes back behind the sound of an earlier socket, whose replay ran ahead of the clock", () => {
    const taker = intake({ durable: 50, firstSequence: 50, recordedUntilMs: T0 + 4_000 });
    expect(capturedAt(taker, T0)).toBe(T0 + 4_000);
    expect(capturedAt(taker, T0 + 10)).toBe(T0 + 4_100);
  });

  it("jumps where the client was away for longer than a jitter", () => {
    const taker = intake({ durable: 50, firstSequence: 50, recordedUntilMs: T0 - 60_000 });
    expect(capturedAt(taker, T0)).toBe(T0 - 100);
  });

  it("goes on where it was after a short loss of the connection", () => {
    const taker = intake({ durable: 50, firstSequence: 50, recordedUntilMs: T0 - 800 });
    expect(capturedAt(taker, T0)).toBe(T0 - 800);
  });
});

describe("numbers", () => {
  it("go on where the store ends, and repeats are dropped", () => {
    const taker = intake({ durable: 3, firstSequence: 1 });
    expect([1, 2, 3, 4].map((at) => taker.take(MESSAGE, T0 + at, "c1")[0]?.index)).toEqual([
      undefined,
      undefined,
      3,
      4,
    ]);
    expect(taker.acknowledgeable).toBe(true);
    expect(intake({ durable: 3, firstSequence: 4 }).acknowledgeable).toBe(false);
  });
});
