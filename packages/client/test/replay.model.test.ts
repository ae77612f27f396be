/**
 * The promise of the live socket as a property: whatever the network and the server do, every message ends durable exactly
 * once and in order, nothing is released before it is durable, and draining comes to an end. The gateway drops connections at
 * any point, before and after a flush, acknowledges late or not at all, refuses, hangs and falls silent.
 */
import { LiveScript } from "@holdfast/testkit/gateway";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ListenSocket, MemoryMessageLog } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { scriptedLink } from "./scripted-connect.ts";

const RECORDING = "0f6c5a4e-1111-4222-8333-444455556666";

type Act =
  | { readonly do: "send"; readonly count: number }
  | { readonly do: "wait"; readonly ms: number }
  | {
      readonly do:
        | "flush"
        | "acknowledge"
        | "drop"
        | "flush and drop"
        | "ping"
        | "refuse"
        | "hang"
        | "swallow"
        | "heal";
    };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("send" as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom("flush", "acknowledge", "drop", "flush and drop", "ping", "refuse", "hang", "swallow", "heal")
      .map((name) => ({ do: name }) as Act),
  },
);

const numbered = (n: number): Uint8Array => Uint8Array.of(n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, 7);
const numberOf = (bytes: Uint8Array): number => (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16);

test("every message ends durable exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      run,
    ),
    { numRuns: 300 },
  );
});

async function run(acts: readonly Act[], randoms: Iterator<number>): Promise<void> {
  const clock = new ManualClock();
  const script = new LiveScript();
  const link = scriptedLink(script);
  const log = new MemoryMessageLog();
  const random = { next: () => Number(randoms.next().value), uuid: () => RECORDING };
  const options = {
    server: "http://s",
    token: "t",
    recordingId: RECORDING,
    codec: "opus_fs320",
    sampleRate: 16_000,
  } as const;
  const socket = new ListenSocket({ ...options, connect: link.connect, clock, random, log });
  const held = (): number[] => script.ledger.held(RECORDING).map(numberOf);
  let sent = 0;
  socket.start();
  for (const step of acts) {
    const [open] = script.open;
    switch (step.do) {
      case "send":
        for (let i = 0; i < step.count; i++) socket.send(numbered(sent++));
        break;
      case "wait":
        await clock.advance(step.ms);
        break;
      case "flush":
        if (open !== undefined) script.ledger.flush(open.audio);
        break;
      case "acknowledge":
        if (open !== undefined) script.acknowledge(open);
        break;
      case "flush and drop":
      case "drop":
        if (open === undefined) break;
        if (step.do === "flush and drop") script.ledger.flush(open.audio);
        script.drop(open);
        break;
      case "ping":
        open?.peer.text("ping");
        break;
      case "heal":
        link.hang = link.refuse = link.swallow = false;
        break;
      default:
        link[step.do] = true;
    }
    // Law L8: never free what is not durable.
    expect(log.start).toBeLessThanOrEqual(held().length);
  }
  link.hang = link.refuse = link.swallow = false;
  const drained = socket.drain();
  let done = false;
  void drained.then(() => {
    done = true;
  });
  for (let rounds = 0; !done && rounds < 30; rounds++) {
    await clock.advance(16_000);
    for (const open of script.open) script.acknowledge(open);
    await clock.advance(1);
  }
  expect(done).toBe(true);
  expect(held()).toEqual(Array.from({ length: sent }, (_, i) => i));
  expect(script.ledger.faults).toEqual([]);
  expect(log.end - log.start).toBe(0);
  socket.close();
  expect(clock.pending).toBe(0);
}
