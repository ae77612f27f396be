/**
 * Whether a pusher in trouble is felt by live sessions: the gateway's loop delay while its pusher is well, absent, hung (it
 * takes connections and bytes and answers nothing) and flapping every second, each for the same time under the same load, in
 * one run. Each trouble is compared with the healthy stretches before and after it, several times, and the middle ratio counts,
 * because one stretch of a busy machine spoils one pair only.
 */
import { line, ms } from "./figures.ts";
import { startPeer } from "./peer.ts";
import { type Stack, startStack } from "./stack.ts";
import type { ThroughputOptions } from "./throughput.ts";

const FRAME_SECONDS = 0.02;
const SETTLE_MS = 3_000;

const ROUNDS = 3;

interface Stretch {
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Pair {
  readonly healthyMs: number;
  readonly troubledMs: number;
}

export async function measureLinkStates(options: ThroughputOptions): Promise<void> {
  const finalFrames = Math.round(options.finalSeconds / FRAME_SECONDS);
  const stack = await startStack({ ...options, pusher: true, finalFrames, frameSeconds: FRAME_SECONDS });
  const load = startPeer("load");
  try {
    const tokens = await stack.tokens(options.sessions);
    await load.call("open", { url: stack.liveUrl, sessions: options.sessions, tokens });
    // Longer than everything below; ended with the load.
    void load.call("run", { seconds: 3_600, warmSeconds: 0 }).catch(() => {});
    await pause(options.warmSeconds * 1_000);
    const measure = async (): Promise<Stretch> => {
      await pause(SETTLE_MS);
      await stack.inspector.watchLoop();
      await pause(options.seconds * 1_000);
      return await stack.inspector.loopDelay();
    };
    const ratios = new Map<string, Pair[]>();
    let well = await measure();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, trouble] of Object.entries(troubles)) {
        const end = await trouble(stack);
        const during = await measure();
        await end();
        const after = await measure();
        const pair = { healthyMs: (well.p99Ms + after.p99Ms) / 2, troubledMs: during.p99Ms };
        ratios.set(name, [...(ratios.get(name) ?? []), pair]);
        well = after;
      }
    }
    for (const [name, pairs] of ratios) {
      const sorted = pairs.map(({ healthyMs, troubledMs }) => troubledMs / healthyMs).sort((a, b) => a - b);
      const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
      const each = pairs.map(({ healthyMs, troubledMs }) => `${ms(troubledMs)} ÷ ${ms(healthyMs)}`).join(", ");
      console.log(line(`loop delay p99, pusher ${name} ÷ healthy`, `${middle.toFixed(2)} (${each})`, "under 1.3"));
    }
  } finally {
    await load.close();
    await stack.close();
  }
}

/** Each begins a trouble and gives how it ends. */
const troubles: Readonly<Record<string, (stack: Stack) => Promise<() => Promise<void>>>> = {
  async down(stack) {
    await stack.pusher?.kill();
    return async () => void (await stack.startPusher());
  },
  async hung(stack) {
    process.kill(stack.pusher?.pid ?? 0, "SIGSTOP");
    return async () => {
      process.kill(stack.pusher?.pid ?? 0, "SIGCONT");
    };
  },
  /** The way to it breaks and is back every second. To restart it would cost the CPU that the gateway is measured on. */
  async flapping({ pusherGate }) {
    let isAway = false;
    const flap = setInterval(() => {
      isAway = !isAway;
      pusherGate.refuse(isAway);
    }, 500);
    return async () => {
      clearInterval(flap);
      pusherGate.refuse(false);
    };
  },
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
