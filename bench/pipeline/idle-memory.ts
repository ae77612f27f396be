/**
 * What a live session that says nothing costs the gateway in memory: the process before and with many of them, each with its
 * socket, its recogniser stream and its link to a pusher. Garbage is collected before each look. A few sessions come and go
 * first, so that code and caches that all sessions share are not counted as theirs.
 */
import { line } from "./figures.ts";
import { startPeer } from "./peer.ts";
import { pssKib } from "./process-cost.ts";
import { startStack } from "./stack.ts";

const SETTLE_MS = 5_000;

export async function measureIdleMemory(options: { readonly sessions: number }): Promise<void> {
  const { sessions } = options;
  const stack = await startStack({ pusher: true, finalFrames: 250, frameSeconds: 0.02, transcript: "" });
  const load = startPeer("load");
  try {
    const tokens = await stack.tokens(sessions);
    const look = async () => {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const heap = await stack.inspector.usedKib();
      return { heap, pss: pssKib(stack.gateway.pid) };
    };
    const url = stack.liveUrl;
    await load.call("open", { url, sessions: 50, tokens });
    await load.call("close");
    const before = await look();
    await load.call("open", { url, sessions, tokens });
    const after = await look();
    const each = (of: "heap" | "pss"): string => `${((after[of] - before[of]) / sessions).toFixed(1)} KiB`;
    console.log(line(`an idle session (of ${sessions}): heap and buffers`, each("heap"), "under 60 KiB"));
    const whole = `from ${Math.round(before.pss / 1024)} to ${Math.round(after.pss / 1024)} MiB`;
    console.log(line("an idle session: PSS of the process", `${each("pss")} (${whole})`, "under 60 KiB"));
  } finally {
    await load.close();
    await stack.close();
  }
}
