/**
 * From the end of a conversation to the start of its work: conversations of live sessions are ended one after the other through
 * REST, and the nudge over the link brings each to the pusher. The moment of the commit itself shows nowhere, so it is enclosed:
 * from the beginning of the admission (`created_at` of the job, six statements and a commit before the nudge) and from the
 * client's `memory_processing_started` (sent after the commit, with the nudge), each to the lease (`started_at`).
 */
import { LiveClient } from "@holdfast/testkit";
import { Delays, line, spread } from "./figures.ts";
import { startStack } from "./stack.ts";

const PACKET = Uint8Array.from([0x48, 0x0b, 0xe4, 0xc1, 0x36, 0xec, 0xc5, 0x80]);

export async function measureHandOff(options: { readonly conversations: number }): Promise<void> {
  const stack = await startStack({ pusher: true, finalFrames: 1e6, frameSeconds: 0.02, transcript: "one more note." });
  try {
    const [token] = await stack.tokens(1);
    const authorization = `Bearer ${token ?? ""}`;
    const client = new LiveClient(stack.liveUrl.replace("{}", crypto.randomUUID()), { authorization });
    const toldMs = new Map<string, number>();
    client.socket.on("message", (data: Buffer) => {
      const told = /"memory_processing_started".*?"id":"([0-9a-f-]{36})"/.exec(data.toString())?.[1];
      if (told !== undefined) toldMs.set(told, Date.now());
    });
    await client.ready();
    const seen = new Set<string>();
    for (let n = 0; n < options.conversations; n++) {
      const fresh = (id: unknown): boolean => typeof id === "string" && !seen.has(id);
      const session = await client.event("conversation_session", (event) => fresh(event.conversation_id));
      const id = String(session.conversation_id);
      seen.add(id);
      await client.play(Array<Uint8Array>(5).fill(PACKET), 20);
      const url = `http://127.0.0.1:${stack.gateway.port}/v1/conversations/${id}/finalize`;
      const ended = await fetch(url, { method: "POST", headers: { authorization } });
      if (!ended.ok) throw new Error(`finalize answered ${ended.status}: ${await ended.text()}`);
      await client.event("memory_created", (event) => JSON.stringify(event).includes(id));
    }
    await client.close();
    const jobs = await stack.db
      .selectFrom("jobs")
      .select(["conversation_id", "created_at", "started_at"])
      .where("kind", "=", "finalization")
      .execute();
    const delays = new Delays();
    const afterCommit = new Delays();
    for (const { conversation_id, created_at, started_at } of jobs) {
      if (started_at === null) continue;
      delays.add(started_at - created_at);
      const told = toldMs.get(conversation_id ?? "");
      if (told !== undefined) afterCommit.add(Math.max(0, started_at - told));
    }
    const { meanMs, p99Ms } = delays.summary();
    const wanted = `10 ms mean (${meanMs < 10 ? "met" : "missed"}), 40 ms p99 (${p99Ms < 40 ? "met" : "missed"})`;
    console.log(line("admission begun to start of work", spread(delays.summary()), wanted));
    console.log(line("client told of it to start of work", spread(afterCommit.summary())));
  } finally {
    await stack.close();
  }
}
