/** 300 s without a message close a link with 1011; any message starts the time anew. On a clock that the test moves. */
import { EventEmitter } from "node:events";
import { encodeHeartbeat, PUSHER } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { PusherEvent } from "../src/events.ts";
import { serveLink } from "../src/link/connection.ts";

/** Time that moves only when told to. */
function manualClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  let timers: { at: number; call: () => void }[] = [];
  return {
    now: () => now,
    after(ms, call) {
      const timer = { at: now + ms, call };
      timers.push(timer);
      const cancel = () => {
        timers = timers.filter((other) => other !== timer);
      };
      return { cancel };
    },
    every: () => ({ cancel: () => {} }),
    advance(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { call } of due) call();
    },
  };
}

it("closes a silent link, and only a silent one", () => {
  const clock = manualClock();
  const closes: number[] = [];
  const events: PusherEvent[] = [];
  const emitter = new EventEmitter();
  const close = (code: number) => {
    closes.push(code);
    emitter.emit("close", code);
  };
  const socket = Object.assign(emitter, { close });
  const identity = { link: 1, userId: "u1", codec: "pcm16", layout: "linear8", sampleRate: 16_000 } as const;
  void serveLink(socket as unknown as WebSocket, identity, {
    clock,
    onEvent: (event) => events.push(event),
    process: () => Promise.reject(new Error("not asked")),
    requestSample: () => Promise.reject(new Error("not asked")),
  });
  clock.advance(PUSHER.receiveTimeoutMs - 1);
  socket.emit("message", Buffer.from(encodeHeartbeat()), true);
  clock.advance(PUSHER.receiveTimeoutMs - 1);
  expect(closes).toEqual([]);
  clock.advance(1);
  expect(closes).toEqual([1011]);
  expect(events.at(-1)).toMatchObject({ type: "link_closed", code: 1011, frames: 1, bound: false });
});
