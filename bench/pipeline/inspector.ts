/**
 * Looks into a running Node process through its inspector: the delay of its event loop over a stretch of time that we choose,
 * its heap after garbage collection, a CPU profile of that stretch. Nothing in the product knows of it.
 */
import { freePort, waitFor } from "@holdfast/testkit";
import { WebSocket } from "ws";
import type { CpuProfile } from "./figures.ts";

const RESOLUTION_MS = 10;

export interface Inspector {
  /** Begins a stretch of time whose loop delay is asked for later. */
  watchLoop(): Promise<void>;
  /** 99th percentile and longest delay of that stretch, beyond the interval of the timer that measures. */
  loopDelay(): Promise<{ readonly p99Ms: number; readonly maxMs: number }>;
  /** Heap and buffers in use, after collection. */
  usedKib(): Promise<number>;
  profile<T>(run: () => Promise<T>): Promise<{ readonly value: T; readonly profile: CpuProfile }>;
  close(): void;
}

/** The settings with which a process is started that is to be looked into. */
export async function inspectable(): Promise<{
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}> {
  const port = await freePort();
  return { port, env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port} --disable-warning=ExperimentalWarning` } };
}

export async function openInspector(port: number): Promise<Inspector> {
  const url = await waitFor("the inspector", async () => {
    const listed = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
    const targets = (await listed?.json()) as { readonly webSocketDebuggerUrl: string }[] | undefined;
    return targets?.[0]?.webSocketDebuggerUrl;
  });
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 ** 28 });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const answers = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  socket.on("message", (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as { readonly id?: number; readonly result?: Record<string, unknown> };
    if (answer.id !== undefined) answers.get(answer.id)?.resolve(answer.result ?? {});
  });
  const call = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = answers.size + 1;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    answers.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    return await answer.promise;
  };
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
    return (result as { readonly value?: unknown }).value;
  };

  return {
    async watchLoop() {
      await evaluate(`globalThis.benchLoop ??= (() => {
        const loop = process.getBuiltinModule("node:perf_hooks").monitorEventLoopDelay({ resolution: ${RESOLUTION_MS} });
        loop.enable();
        return loop;
      })(); benchLoop.reset()`);
    },
    async loopDelay() {
      const [p99, max] = (await evaluate("[benchLoop.percentile(99), benchLoop.max]")) as [number, number];
      const delayMs = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
      return { p99Ms: delayMs(p99), maxMs: delayMs(max) };
    },
    async usedKib() {
      await call("HeapProfiler.enable");
      for (let i = 0; i < 3; i++) await call("HeapProfiler.collectGarbage");
      return Number(
        await evaluate("(() => { const m = process.memoryUsage(); return (m.heapUsed + m.external) / 1024 })()"),
      );
    },
    async profile(run) {
      await call("Profiler.enable");
      await call("Profiler.setSamplingInterval", { interval: 500 });
      await call("Profiler.start");
      const value = await run();
      const { profile } = await call("Profiler.stop");
      return { value, profile: profile as CpuProfile };
    },
    close: () => socket.terminate(),
  };
}
