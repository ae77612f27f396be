/** A browser that says "offline" is believed, except about the machine it runs on. */
import type { Clock } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { isThisMachine, pageEnvironment } from "./environment.ts";

function browser(hostname: string) {
  const listeners = new Map<string, Set<() => void>>();
  const on = (type: string, listener: () => void): void =>
    void listeners.set(type, new Set([...(listeners.get(type) ?? []), listener]));
  const off = (type: string, listener: () => void): void => void listeners.get(type)?.delete(listener);
  const navigator = { onLine: true };
  const document = { visibilityState: "visible", addEventListener: on, removeEventListener: off };
  const state = { serverAnswers: true, asked: 0, changes: 0, ticks: new Set<() => void>() };
  const clock: Clock = {
    now: () => 0,
    after: () => ({ cancel: () => {} }),
    every: (_ms, call) => {
      state.ticks.add(call);
      return { cancel: () => void state.ticks.delete(call) };
    },
  };
  const environment = pageEnvironment({
    page: { navigator, document, addEventListener: on, removeEventListener: off },
    hostname,
    clock,
    reaches: async () => {
      state.asked += 1;
      return state.serverAnswers;
    },
  });
  const goes = (online: boolean): void => {
    navigator.onLine = online;
    for (const listener of listeners.get(online ? "online" : "offline") ?? []) listener();
  };
  const tick = (): void => {
    for (const call of state.ticks) call();
  };
  const leave = environment.subscribe(() => {
    state.changes += 1;
  });
  return { environment, state, document, goes, tick, leave };
}

describe("without a network", () => {
  it("a server elsewhere is not asked", () => {
    const { environment, state, goes, tick } = browser("holdfast.example");
    goes(false);
    tick();
    expect(environment.isOnline).toBe(false);
    expect(state.asked).toBe(0);
  });

  it("a server on this machine is there as long as it answers", async () => {
    const { environment, state, goes, tick } = browser("localhost");
    goes(false);
    expect(environment.isOnline).toBe(false);
    await expect.poll(() => environment.isOnline).toBe(true);
    expect(state.changes).toBe(2);
    state.serverAnswers = false;
    tick();
    await expect.poll(() => environment.isOnline).toBe(false);
    expect(state.changes).toBe(3);
  });

  it("nobody is asked while nobody looks, nor after the end", () => {
    const { state, document, goes, tick, leave } = browser("127.0.0.1");
    document.visibilityState = "hidden";
    goes(false);
    tick();
    expect(state.asked).toBe(0);
    leave();
    expect(state.ticks.size).toBe(0);
  });
});

it("with a network nobody is asked", () => {
  const { environment, state, tick } = browser("localhost");
  tick();
  expect(environment.isOnline).toBe(true);
  expect(state.asked).toBe(0);
});

it.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["[::1]", true],
  ["holdfast.localhost", true],
  ["192.168.1.4", false],
  ["localhost.example", false],
])("%s is this machine: %s", (hostname, is) => expect(isThisMachine(hostname)).toBe(is));
