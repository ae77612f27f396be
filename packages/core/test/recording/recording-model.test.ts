/**
 * Random lives of one recording: a client that uploads and asks, a server that acknowledges, takes, finishes, fails, forgets and
 * refuses, and answers that arrive in any order, late, or twice. What the server really holds is kept in a book of its own, and
 * after every step the recording may claim no more than that.
 */
import {
  isDue,
  isFinalRecording,
  NEW_RECORDING,
  RECORDING_STATUSES,
  type RecordingEvent,
  type RecordingState,
  type RecordingStatus,
  stepRecording,
} from "@holdfast/core";
import fc from "fast-check";
import { expect, test } from "vitest";

type UploadAnswer =
  | "accepted"
  | "accepted without a job"
  | "finished"
  | "postponed"
  | "failed"
  | "too_old"
  | "rejected";
type JobAnswer = "completed" | "failed" | "postponed" | "lost" | "unusable";

type Act =
  | { readonly type: "acknowledge" | "seal" | "lose file" | "look for file" | "overdue" | "look at transcript" }
  | { readonly type: "retry" | "network_returned" }
  | { readonly type: "upload"; readonly answer: UploadAnswer }
  | { readonly type: "ask"; readonly answer: JobAnswer }
  | { readonly type: "deliver"; readonly which: number; readonly again: boolean };

const FRAMES = 2;
const SPENDING: readonly RecordingEvent["type"][] = ["upload_failed", "job_failed", "job_lost"];
const GIVING_BACK: readonly RecordingEvent["type"][] = ["retry", "network_returned", "uncovered"];

class World {
  state: RecordingState = NEW_RECORDING;
  nowMs = 1;
  hasFile = true;
  /** The server's side: frames that are durable by live acknowledgement, and whether it said that all is in a conversation. */
  acknowledged = 0;
  confirmed = false;
  /** Answers on their way. */
  readonly mail: RecordingEvent[] = [];
  #jobs = 0;

  step(event: RecordingEvent): void {
    const before = this.state;
    this.state = stepRecording(before, event);
    checkStep(before, event, this.state);
    this.checkTruth();
  }

  /** What it says of itself is so. */
  checkTruth(): void {
    const { status, jobId, uploadedAtMs, syncedAtMs } = this.state;
    if (status === "synced") expect(this.confirmed || this.acknowledged === FRAMES).toBe(true);
    if (syncedAtMs > 0) expect([status, this.confirmed]).toEqual(["synced", true]);
    if (status === "corrupted") expect(this.hasFile).toBe(false);
    expect(jobId !== null).toBe(status === "uploaded");
    expect(jobId).not.toBe("");
    if (status === "uploaded") expect(uploadedAtMs).toBeGreaterThan(0);
    if (status === "miss" || status === "in_progress") expect(uploadedAtMs).toBe(0);
    if (isDue(this.state)) expect(status).toBe("miss");
  }

  upload(answer: UploadAnswer): void {
    if (!isDue(this.state) || !this.hasFile) return;
    const { nowMs } = this;
    const reason = answer;
    switch (answer) {
      case "accepted":
        this.#jobs += 1;
        this.mail.push({ type: "accepted", jobId: `job-${this.#jobs}`, nowMs });
        return;
      case "accepted without a job":
        this.mail.push({ type: "accepted", jobId: "", nowMs });
        return;
      case "finished":
        this.confirmed = true;
        this.mail.push({ type: "finished", nowMs });
        return;
      case "failed":
        this.mail.push({ type: "upload_failed", reason, nowMs });
        return;
      case "postponed":
      case "too_old":
      case "rejected":
        this.mail.push({ type: answer, reason });
        return;
      default:
        answer satisfies never;
    }
  }

  ask(answer: JobAnswer): void {
    if (this.state.status !== "uploaded") return;
    const { nowMs, hasFile: fileExists } = this;
    const reason = answer;
    switch (answer) {
      case "completed":
        this.confirmed = true;
        this.mail.push({ type: "finished", nowMs });
        return;
      case "failed":
        this.mail.push({ type: "job_failed", reason, nowMs });
        return;
      case "postponed":
        this.mail.push({ type: "job_postponed", reason });
        return;
      case "lost":
        this.mail.push({ type: "job_lost", reason, nowMs, fileExists });
        return;
      case "unusable":
        this.mail.push({ type: "unusable", reason, nowMs });
        return;
      default:
        answer satisfies never;
    }
  }

  deliver(which: number, again: boolean): void {
    const at = this.mail.length === 0 ? 0 : which % this.mail.length;
    const [event] = again ? this.mail.slice(at, at + 1) : this.mail.splice(at, 1);
    if (event !== undefined) this.step(event);
  }
}

/** What no event may do to any state. */
function checkStep(before: RecordingState, event: RecordingEvent, after: RecordingState): void {
  if (after.attempts > before.attempts) {
    expect(SPENDING).toContain(event.type);
    expect(after).toMatchObject({ status: "miss", attempts: before.attempts + 1 });
    if (event.type === "job_lost") expect(event.fileExists).toBe(true);
    if ("nowMs" in event) expect(after.lastAttemptAtMs).toBe(event.nowMs);
  }
  if (after.attempts < before.attempts) {
    expect(GIVING_BACK).toContain(event.type);
    expect(after).toMatchObject({ status: "miss", attempts: 0 });
  }
  if (isFinalRecording(before.status) && after !== before) {
    expect([before.status, event.type, after.status]).toEqual(["upload_rejected", "retry", "miss"]);
  }
  if (before.status === "synced" && after !== before) {
    expect([event.type, before.syncedAtMs, after.status]).toEqual(["uncovered", 0, "miss"]);
  }
  // Answers that come twice find nothing to do where they put the recording into another state.
  if (after.status !== before.status) expect(stepRecording(after, event)).toBe(after);
}

function act(world: World, next: Act): void {
  world.nowMs += 1;
  switch (next.type) {
    case "acknowledge":
      if (world.acknowledged < FRAMES) world.acknowledged += 1;
      if (world.acknowledged === FRAMES) world.mail.push({ type: "delivered" });
      return;
    case "seal":
      world.step({ type: "sealed", delivered: world.acknowledged === FRAMES });
      return;
    case "lose file":
      world.hasFile = false;
      return;
    case "look for file":
      if (!world.hasFile) world.step({ type: "file_missing" });
      return;
    case "look at transcript":
      world.step({ type: "uncovered" });
      return;
    case "overdue":
    case "retry":
    case "network_returned":
      world.step({ type: next.type });
      return;
    case "upload":
      world.upload(next.answer);
      return;
    case "ask":
      world.ask(next.answer);
      return;
    case "deliver":
      world.deliver(next.which, next.again);
      return;
    default:
      next satisfies never;
  }
}

const uploads = fc.constantFrom<UploadAnswer>(
  ...([
    "accepted",
    "accepted",
    "accepted",
    "accepted without a job",
    "finished",
    "postponed",
    "failed",
    "failed",
  ] as const),
  ...(["too_old", "rejected"] as const),
);
const asks = fc.constantFrom<JobAnswer>(
  "completed",
  "failed",
  "failed",
  "failed",
  "failed",
  "postponed",
  "lost",
  "unusable",
);

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("deliver" as const), which: fc.nat(9), again: fc.boolean() }),
  },
  { weight: 4, arbitrary: uploads.map((answer): Act => ({ type: "upload", answer })) },
  { weight: 4, arbitrary: asks.map((answer): Act => ({ type: "ask", answer })) },
  { weight: 2, arbitrary: fc.constant<Act>({ type: "seal" }) },
  { weight: 2, arbitrary: fc.constantFrom<Act>({ type: "acknowledge" }, { type: "look at transcript" }) },
  fc.constantFrom<Act>({ type: "retry" }, { type: "network_returned" }, { type: "overdue" }),
  { weight: 1, arbitrary: fc.constantFrom<Act>({ type: "lose file" }, { type: "look for file" }) },
);

test("claims nothing that the server does not hold, spends attempts on failures alone, and an end is an end", () => {
  const reached = new Set<RecordingStatus>();
  const special = new Set<string>();
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 120, size: "max" }), (list) => {
      const world = new World();
      for (const next of list) {
        const before = world.state;
        act(world, next);
        reached.add(world.state.status);
        if (before.status === "upload_rejected" && world.state.status === "miss")
          special.add("rejected and asked for again");
        if (before.status === "synced" && world.state.status === "miss") special.add("not in the transcript after all");
        if (before.status === "miss" && !isDue(world.state) && world.state.status === "miss") special.add("gave up");
      }
    }),
    { numRuns: 800 },
  );
  // A walk that never came there would prove nothing about it.
  expect([...reached].sort()).toEqual([...RECORDING_STATUSES].sort());
  expect([...special].sort()).toEqual(["gave up", "not in the transcript after all", "rejected and asked for again"]);
});

/** Events as anybody could make them up, in any state: answers of another life, of another server, of nobody. */
const events: fc.Arbitrary<RecordingEvent> = fc.oneof(
  fc.record({ type: fc.constant("sealed" as const), delivered: fc.boolean() }),
  fc.record({ type: fc.constant("accepted" as const), jobId: fc.constantFrom("", "job-1", "job-2"), nowMs: fc.nat() }),
  fc.record({ type: fc.constant("job_lost" as const), reason: fc.string(), nowMs: fc.nat(), fileExists: fc.boolean() }),
  fc.record({ type: fc.constantFrom("finished" as const), nowMs: fc.nat() }),
  fc.record({
    ...{ type: fc.constantFrom("upload_failed" as const, "job_failed" as const, "unusable" as const) },
    ...{ reason: fc.string(), nowMs: fc.nat() },
  }),
  fc.record({
    type: fc.constantFrom("postponed" as const, "too_old" as const, "rejected" as const, "job_postponed" as const),
    reason: fc.string(),
  }),
  fc
    .constantFrom("delivered", "overdue", "file_missing", "uncovered", "retry", "network_returned")
    .map((type) => ({ type }) as RecordingEvent),
);

test("whatever is said to it in whatever order, it stays a recording and attempts are counted right", () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 60, size: "max" }), (list) => {
      let state = NEW_RECORDING;
      let sinceGivenBack = 0;
      for (const event of list) {
        const before = state;
        state = Object.freeze(stepRecording(before, event));
        checkStep(before, event, state);
        expect(RECORDING_STATUSES).toContain(state.status);
        expect(state.jobId !== null).toBe(state.status === "uploaded");
        if (state.attempts > before.attempts) sinceGivenBack += 1;
        if (GIVING_BACK.includes(event.type) && state !== before) sinceGivenBack = 0;
        expect(state.attempts).toBe(sinceGivenBack);
      }
    }),
    { numRuns: 400 },
  );
});
