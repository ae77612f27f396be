/** What the gateway holds in memory while a file of 200 MiB comes in, above what it holds idle, by either route. */
import { randomFillSync } from "node:crypto";
import { line } from "../pipeline/figures.ts";
import { pssKib } from "../pipeline/process-cost.ts";
import { startStack } from "../pipeline/stack.ts";
import { sendBatch, sendTus } from "./uploads.ts";

const MIB = 1024 * 1024;
const SETTLE_MS = 3_000;

export async function measureUploadMemory(): Promise<void> {
  const stack = await startStack({ pusher: false, finalFrames: 250, frameSeconds: 0.02, transcript: "" });
  try {
    const [token = ""] = await stack.tokens(1);
    const base = `http://127.0.0.1:${stack.gateway.port}`;
    const small = randomFillSync(Buffer.alloc(MIB));
    await sendBatch(base, token, [small]);
    await sendTus(base, token, small);
    const bytes = randomFillSync(Buffer.alloc(200 * MIB));
    const ways = { multipart: () => sendBatch(base, token, [bytes]), tus: () => sendTus(base, token, bytes) };
    for (const [way, upload] of Object.entries(ways)) {
      await stack.inspector.usedKib();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const before = pssKib(stack.gateway.pid);
      let most = 0;
      const watch = setInterval(() => {
        most = Math.max(most, pssKib(stack.gateway.pid));
      }, 20);
      await upload();
      clearInterval(watch);
      const above = `${((most - before) / 1024).toFixed(0)} MiB above ${(before / 1024).toFixed(0)} MiB`;
      console.log(line(`200 MiB by ${way}: PSS of the gateway`, above, "under 64 MiB"));
    }
  } finally {
    await stack.close();
  }
}
