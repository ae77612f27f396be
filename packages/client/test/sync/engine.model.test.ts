/**
 * The promise of the sync engine as a property: whatever a server answers, in whatever order, and whatever wakes or ends the
 * program meanwhile, no request goes out during a pause, an attempt is spent by content alone, nothing is called synced that
 * the server did not confirm, and once the server is well again everything that can end has ended.
 */
import { isFinalRecording } from "@holdfast/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Answer, type Asked, accepted, completed, job, limited, type Script } from "./scripted-server.ts";
import { HOUR, MINUTE, SECOND, type Stage, stage } from "./stage.ts";

/** Answers to an upload. `spends`: one attempt of every member. */
const UPLOAD: readonly { readonly answer: Answer | undefined; readonly spends?: boolean; readonly ends?: boolean }[] = [
  ...[accepted("set below"), accepted("set below"), accepted("set below"), accepted("")].map((answer) => ({ answer })),
  { answer: { status: 200, body: { new_memories: ["c"], updated_memories: [], failed_segments: 0 } }, ends: true },
  { answer: { status: 200, body: { new_memories: [], updated_memories: [], failed_segments: 2 } }, spends: true },
  { answer: { status: 200, body: "<html>" } },
  { answer: limited("fair_use", "300") },
  { answer: limited("fair_use", null) },
  { answer: limited(null, "90") },
  { answer: limited("backfill_capacity", "600", 503) },
  { answer: limited(null, null, 503) },
  { answer: limited(null, "120", 503) },
  ...[401, 400, 403, 413, 408, 418, 422, 500, 502].map((status) => ({ answer: { status } })),
  { answer: { status: 409, headers: { "retry-after": "30" } } },
  { answer: { status: 422, body: { code: "backfill_lookback_exceeded" } } },
  { answer: undefined },
];

const JOB: typeof UPLOAD = [
  { answer: completed(), ends: true },
  { answer: completed([]), ends: true },
  { answer: job("queued") },
  { answer: job("processing") },
  { answer: { status: 404, body: {} }, spends: true },
  { answer: { status: 403, body: {} }, spends: true },
  { answer: { status: 404, body: "<html>" } },
  { answer: { status: 401 } },
  { answer: { status: 500 } },
  { answer: undefined },
  { answer: job("partial_failure", { failed_segments: 1 }), spends: true },
  { answer: job("failed", { reason_code: "stt_failed" }), spends: true },
  { answer: job("failed", { reason_code: "sync_invalid_audio" }) },
  { answer: job("failed", { reason_code: "backfill_capacity", retry_after: 200 }) },
  { answer: job("failed", { total_segments: 0 }) },
];

type Act =
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "add" | "sync" | "cancel" | "restart" | "blink" };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20 * MINUTE }) }),
  },
  { weight: 4, arbitrary: fc.constantFrom<Act>({ do: "add" }, { do: "sync" }) },
  { weight: 1, arbitrary: fc.constantFrom<Act>({ do: "cancel" }, { do: "restart" }, { do: "blink" }) },
);

/** A server whose moods are drawn, and what it truly did to each recording. */
class MoodyServer {
  readonly attempts = new Map<string, number>();
  readonly confirmed = new Set<string>();
  readonly #jobs = new Map<string, readonly string[]>();
  readonly #moods: Iterator<number>;
  /** Promises that the engine broke. What is thrown in an exchange would be taken for a broken connection. */
  readonly broken: string[] = [];
  isWell = false;

  constructor(moods: Iterator<number>) {
    this.#moods = moods;
  }

  readonly script: Script = (asked) => {
    if (asked.path === "/v1/fair-use/status") {
      return this.isWell || this.#mood(2) === 0 ? { status: 200, body: { stage: "none" } } : { status: 500 };
    }
    return asked.method === "POST" ? this.#upload(asked) : this.#poll(asked);
  };

  #upload({ files }: Asked): Answer | undefined {
    const members = files.map((name) => name.replace(/_1\.bin$/, ""));
    const mood = this.isWell ? UPLOAD[0] : UPLOAD[this.#mood(UPLOAD.length)];
    if (mood?.spends === true) this.#spend(members);
    if (mood?.ends === true) for (const id of members) this.confirmed.add(id);
    const { answer } = mood ?? { answer: undefined };
    if (answer?.status !== 202 || (answer.body as { job_id: string }).job_id === "") return answer;
    const jobId = `job-${this.#jobs.size}`;
    this.#jobs.set(jobId, members);
    return accepted(jobId);
  }

  #poll({ path }: Asked): Answer | undefined {
    const members = this.#jobs.get(path.split("/").at(-1) ?? "") ?? [];
    const mood = this.isWell ? JOB[0] : JOB[this.#mood(JOB.length)];
    if (mood?.spends === true) this.#spend(members);
    if (mood?.ends === true) for (const id of members) this.confirmed.add(id);
    return mood?.answer;
  }

  #spend(members: readonly string[]): void {
    for (const id of members) this.attempts.set(id, (this.attempts.get(id) ?? 0) + 1);
  }

  #mood(count: number): number {
    return Math.floor((this.#moods.next().value as number) * count);
  }
}

test("holds for any server, any person and any machine", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 25 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      run,
    ),
    { numRuns: 500 },
  );
});

async function run(acts: readonly Act[], moods: Iterator<number>): Promise<void> {
  const server = new MoodyServer(moods);
  let current: Stage = watched(stage(), server);
  let count = 0;
  const add = (): void => {
    const id = `r${count++}`;
    const group = String(count % 8);
    current.log.add(id, { startedAtMs: 1_789_000_000_000 + count * MINUTE, sessionId: group });
    current.engine.wake("recording_sealed");
  };
  for (let i = 0; i < 6; i++) add();
  current.engine.start();
  for (const step of acts) {
    if (step.do === "wait") await current.clock.advance(step.ms);
    if (step.do === "add") add();
    if (step.do === "sync") current.engine.syncNow();
    if (step.do === "cancel") current.engine.cancel();
    if (step.do === "restart") {
      current = watched(await current.restart(), server);
      current.engine.start();
    }
    if (step.do === "blink") {
      current.window.set({ online: false });
      await current.clock.advance(SECOND);
      current.window.set({ online: true });
    }
    check(current, server);
  }
  server.isWell = true;
  current.engine.signedIn();
  // Longer than any pause that was asked for, and than the budget of tries needs to fill.
  for (let i = 0; i < 8; i++) await current.clock.advance(HOUR);
  check(current, server);
  for (const recording of current.log.recordings.values()) {
    const hasEnded = recording.status === "synced" || isFinalRecording(recording.status) || recording.attempts >= 3;
    expect(hasEnded, `${recording.id} is ${recording.status}: ${JSON.stringify(current.engine.status)}`).toBe(true);
  }
  await current.engine.close();
  expect(current.clock.pending).toBe(0);
}

/** Every request but the question whether the pause still holds comes while no pause runs, and uploads come one by one. */
function watched(made: Stage, mood: MoodyServer): Stage {
  const { server, engine } = made;
  let open = 0;
  server.script = async (asked) => {
    const { limit } = engine.status;
    const isUpload = asked.method === "POST";
    if (limit !== null && asked.path !== "/v1/fair-use/status") mood.broken.push(`${asked.path} during a pause`);
    if (isUpload && ++open > 1) mood.broken.push("two uploads at a time");
    // An answer takes a while, in which others may come.
    for (let i = 0; i < 3; i++) await Promise.resolve();
    if (isUpload) open -= 1;
    return await mood.script(asked);
  };
  return made;
}

function check({ log, engine }: Stage, server: MoodyServer): void {
  expect(server.broken).toEqual([]);
  for (const recording of log.recordings.values()) {
    const { id, status, attempts, jobId } = recording;
    // A cancelled or unheard answer spends nothing here, and a network that comes back or a person gives attempts back.
    expect(attempts, `attempts of ${id}`).toBeLessThanOrEqual(server.attempts.get(id) ?? 0);
    if (status === "synced") expect(server.confirmed, `${id} is synced`).toContain(id);
    expect(jobId !== null, `${id} is ${status} with job ${jobId}`).toBe(status === "uploaded");
    expect(engine.explain(id)).not.toBeNull();
  }
}
