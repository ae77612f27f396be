/**
 * What waits while no pusher runs: finished conversations are put into the store as the product admits them, then a pusher
 * starts. How soon the first is taken, how long all of them take, and whether any was worked on twice.
 */
import { admitConversation, commitSegments, createConversation, openRecording } from "@holdfast/store";
import { waitFor } from "@holdfast/testkit";
import { line, ms } from "./figures.ts";
import { SESSIONS_PER_USER, type Stack, startStack } from "./stack.ts";

const USERS = 20;
/** Conversations that are made at the same time. */
const AT_ONCE = 8;

export async function measureBacklog(options: { readonly conversations: number }): Promise<void> {
  const stack = await startStack({ pusher: false, finalFrames: 250, frameSeconds: 0.02, transcript: "" });
  try {
    await stack.tokens(USERS * SESSIONS_PER_USER);
    const users = await stack.db.selectFrom("users").select("id").execute();
    for (let n = 0; n < options.conversations; n += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) => admit(stack, users[(n + i) % users.length]?.id ?? "")),
      );
    }
    const spawnedMs = Date.now();
    await stack.startPusher();
    const readyMs = Date.now();
    const jobs = await waitFor("all conversations", async () => await finished(stack, options.conversations), 300_000);
    const firstMs = Math.min(...jobs.map((job) => job.started_at ?? Number.POSITIVE_INFINITY));
    const lastMs = Math.max(...jobs.map((job) => job.completed_at ?? 0));
    const repeated = jobs.filter((job) => job.lease_epoch !== 1).length;
    const failed = jobs.filter((job) => job.state !== "completed").length;
    const completed = await stack.db
      .selectFrom("conversations")
      .select((eb) => eb.fn.countAll<string>().as("n"))
      .where("status", "=", "completed")
      .where("finalization_revision", "=", 1)
      .executeTakeFirstOrThrow();
    const fromReady = firstMs < readyMs ? "before it said ready" : `${ms(firstMs - readyMs)} after ready`;
    console.log(
      line("pusher back to first conversation started", `${ms(firstMs - spawnedMs)} after spawn, ${fromReady}`, "1 s"),
    );
    const rate = (jobs.length / (lastMs - firstMs)) * 1_000;
    const counts = `${completed.n} completed once, ${repeated} leased twice, ${failed} not completed`;
    console.log(
      line(
        `${jobs.length} waiting, all done`,
        `${ms(lastMs - firstMs)} (${rate.toFixed(0)}/s); ${counts}`,
        "all, once",
      ),
    );
  } finally {
    await stack.close();
  }
}

async function finished(stack: Stack, count: number) {
  const jobs = await stack.db
    .selectFrom("jobs")
    .select(["state", "started_at", "completed_at", "lease_epoch"])
    .where("kind", "=", "finalization")
    .execute();
  const open = jobs.some(({ completed_at }) => completed_at === null);
  return !open && jobs.length === count ? jobs : undefined;
}

async function admit({ db }: Stack, userId: string): Promise<void> {
  const nowMs = Date.now();
  const conversationId = crypto.randomUUID();
  await createConversation(db, {
    userId,
    id: conversationId,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: null,
    silenceTimeoutMs: 120_000,
    startedAtMs: nowMs - 60_000,
    nowMs,
  });
  const recording = { codec: "opus_fs320", sampleRate: 16_000, language: "en", leaseMs: 20_000 };
  const hold = await openRecording(db, { userId, id: crypto.randomUUID(), ...recording, nowMs });
  const segments = ["Let us meet on Friday to plan the harbour trip.", "I will send you the tickets tomorrow."];
  await commitSegments(db, {
    hold,
    conversationId,
    upserts: segments.map((text, i) => ({
      id: crypto.randomUUID(),
      text,
      speaker: "SPEAKER_00",
      speaker_id: 0,
      is_user: false,
      person_id: null,
      start: i * 10,
      end: i * 10 + 5,
      translations: [],
      speech_profile_processed: true,
      stt_provider: "bench",
    })),
    deletedIds: [],
    watermark: { transcribedMessages: 0 },
    nowMs,
  });
  const admitted = await admitConversation(db, { userId, conversationId, trigger: "sweep", force: true, nowMs });
  if (admitted.outcome !== "admitted") throw new Error(`not admitted: ${admitted.outcome}`);
}
