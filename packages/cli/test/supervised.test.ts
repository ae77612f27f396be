/** One child under supervision, with lives that the test ends by hand and time that does not pass by itself. */
import type { Clock, Timer } from "@holdfast/core";
import { silentLog } from "@holdfast/core";
import { describe, expect, test, vi } from "vitest";
import { EXIT, ExitError } from "../src/exit-codes.ts";
import { type Life, type Supervised, supervise } from "../src/supervisor/supervised.ts";

function fakeClock(): Clock & { now(): number; pass(ms: number): Promise<void>; waiting(): number[] } {
  let nowMs = 0;
  const timers = new Set<{ at: number; call: () => void }>();
  const after = (ms: number, call: () => void): Timer => {
    const timer = { at: nowMs + ms, call };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };
  return {
    now: () => nowMs,
    after,
    every: () => ({ cancel: () => {} }),
    waiting: () => [...timers].map(({ at }) => at - nowMs),
    async pass(ms) {
      nowMs += ms;
      for (const timer of timers) {
        if (timer.at > nowMs) continue;
        timers.delete(timer);
        timer.call();
      }
      await vi.waitFor(() => {});
    },
  };
}

interface Setup {
  readonly clock: ReturnType<typeof fakeClock>;
  readonly child: Supervised;
  readonly lives: { readonly life: Life; die(): void; ended: boolean }[];
  readonly files: Map<string, number>;
  /** The next start fails with this. */
  failure: Error | undefined;
}

function setUp(failure?: Error): Setup {
  const clock = fakeClock();
  const lives: Setup["lives"] = [];
  const files = new Map<string, number>();
  const state = { failure };
  const child = supervise({
    name: "worker",
    clock,
    log: silentLog,
    pids: { write: (name, pid) => files.set(name, pid), remove: (name) => files.delete(name) },
    async start(onPid) {
      const pid = 100 + lives.length;
      onPid(pid);
      if (state.failure !== undefined) throw state.failure;
      const { promise, resolve } = Promise.withResolvers<string>();
      const entry = {
        ended: false,
        die: () => resolve("signal SIGKILL"),
        life: {
          pid,
          died: promise,
          async end() {
            entry.ended = true;
            resolve("exit code 0");
            await promise;
          },
        },
      };
      lives.push(entry);
      return entry.life;
    },
  });
  return {
    clock,
    child,
    lives,
    files,
    get failure() {
      return state.failure;
    },
    set failure(error) {
      state.failure = error;
    },
  };
}

describe("a supervised child", () => {
  test("is ready with its first life, and its pid is on file", async () => {
    const { child, lives, files } = setUp();
    expect(await child.ready).toBe(lives[0]?.life);
    expect(files.get("worker")).toBe(100);
  });

  test("that dies loses its file at once and is started again after the wait, with a new pid", async () => {
    const { child, lives, files, clock } = setUp();
    await child.ready;
    lives[0]?.die();
    await vi.waitFor(() => expect(clock.waiting()).toEqual([100]));
    expect(files.has("worker")).toBe(false);
    await clock.pass(99);
    expect(lives).toHaveLength(1);
    await clock.pass(1);
    await vi.waitFor(() => expect(files.get("worker")).toBe(101));
  });

  test("that dies often waits longer; one that was healthy for 30 s does not", async () => {
    const { child, lives, clock } = setUp();
    await child.ready;
    for (const [index, wait] of [100, 200, 400].entries()) {
      lives[index]?.die();
      await vi.waitFor(() => expect(clock.waiting()).toEqual([wait]));
      await clock.pass(wait);
      await vi.waitFor(() => expect(lives).toHaveLength(index + 2));
    }
    await clock.pass(30_000);
    lives[3]?.die();
    await vi.waitFor(() => expect(clock.waiting()).toEqual([100]));
  });

  test("that cannot be started is tried again until it can", async () => {
    const setup = setUp(new Error("no"));
    await vi.waitFor(() => expect(setup.clock.waiting()).toEqual([100]));
    await setup.clock.pass(100);
    await vi.waitFor(() => expect(setup.clock.waiting()).toEqual([200]));
    setup.failure = undefined;
    await setup.clock.pass(200);
    expect((await setup.child.ready).pid).toBe(100);
  });

  test("that refuses to be started is not tried again", async () => {
    const { child, clock } = setUp(new ExitError("wrong settings", EXIT.usage));
    await expect(child.ready).rejects.toThrow("wrong settings");
    expect(clock.waiting()).toEqual([]);
    await child.end();
  });

  test("that is ended is not started again", async () => {
    const { child, lives, files, clock } = setUp();
    await child.ready;
    await Promise.all([child.end(), child.end()]);
    expect(lives[0]?.ended).toBe(true);
    expect(files.size).toBe(0);
    await clock.pass(60_000);
    expect(lives).toHaveLength(1);
  });

  test("that is retired lives on, and is not started again when it dies", async () => {
    const { child, lives, files, clock } = setUp();
    await child.ready;
    child.retire();
    expect(lives[0]?.ended).toBe(false);
    lives[0]?.die();
    await child.end();
    expect(files.size).toBe(0);
    await clock.pass(60_000);
    expect(lives).toHaveLength(1);
  });

  test("that is ended while it waits for its next life does not get one", async () => {
    const { child, lives, clock } = setUp();
    await child.ready;
    lives[0]?.die();
    await vi.waitFor(() => expect(clock.waiting()).toEqual([100]));
    await child.end();
    await clock.pass(60_000);
    expect(lives).toHaveLength(1);
  });
});
