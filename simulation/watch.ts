/**
 * What must be true after every step. The watch looks at the database whenever something was committed, at every
 * acknowledgement, and at deadlines once a second; the first thing that is wrong ends the world with a sentence.
 *
 * - Nothing lost: an acknowledged message is durable; a word behind the watermark is in a transcript or owned by an open
 *   repair; a word that was stored stays; a conversation with words is not removed.
 * - Nothing twice: no word is stored twice, anywhere; a job is finished once, and a conversation is written once for each job.
 * - No state past its deadline: a lease never reaches further than its length, nothing that is due waits while all is well,
 *   a blocked finalisation has an open repair, a conversation that is being processed has a job that is not over.
 * - No attempt is spent by anything but content.
 */
import { JOBS } from "@holdfast/contract";
import { isTerminal, type JobState } from "@holdfast/core";
import type { DatabaseEngine, Scheduler } from "@holdfast/testkit/simulator";
import type { Device } from "./device.ts";
import { wordsIn } from "./sound.ts";

export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Violation";
  }
}

export interface JobRow {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly conversation_id: string | null;
  readonly attempts: number;
  readonly tries: number;
  readonly lease_epoch: number;
  readonly lease_until: number | null;
  readonly due_at: number;
  readonly failure_class: string | null;
  readonly reason_code: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface ConversationRow {
  readonly id: string;
  readonly status: string;
  readonly discarded: boolean;
  readonly finalization_job_id: string | null;
  readonly finalization_revision: number;
  readonly started_at: number;
  readonly finished_at: number;
  readonly silence_timeout_ms: number;
}

interface SessionRow {
  readonly id: string;
  readonly epoch: number;
  readonly durable_messages: number;
  readonly transcribed_messages: number;
  readonly lease_until: number | null;
}

/** Due work may wait this long while all is well: polls, sweeps and one turn of the queue. */
const PATIENCE_MS = 20_000;

const OPEN = new Set(["queued", "leased", "blocked"]);

export class Watch {
  readonly #engine: DatabaseEngine;
  readonly #scheduler: Scheduler;
  readonly #devices: readonly Device[];
  jobs = new Map<string, JobRow>();
  conversations = new Map<string, ConversationRow>();
  sessions = new Map<string, SessionRow>();
  /** Conversation of each stored word. */
  words = new Map<string, string>();
  readonly #finished = new Map<string, number>();
  /** Failures of class `content` that the world's speech engine and language model gave. */
  contentFailures = 0;
  /** Since when nothing goes wrong any more. */
  calmSinceMs: number | undefined;

  constructor(engine: DatabaseEngine, scheduler: Scheduler, devices: readonly Device[]) {
    this.#engine = engine;
    this.#scheduler = scheduler;
    this.#devices = devices;
  }

  committed(tables: ReadonlySet<string>): void {
    this.#guard(() => {
      if (tables.has("segments") || tables.has("conversations")) this.#readWords();
      if (tables.has("conversations")) this.#readConversations();
      if (tables.has("jobs")) this.#readJobs();
      if (tables.has("recording_sessions")) this.#readSessions();
      if (tables.has("jobs") || tables.has("conversations")) this.#checkOwners();
      if (tables.has("recording_sessions") || tables.has("jobs")) this.#checkWatermarks();
    });
  }

  acknowledged(device: Device, count: number): void {
    this.#guard(() => {
      const durable = this.sessions.get(device.recordingId)?.durable_messages ?? 0;
      if (count > durable) throw new Violation(`${count} messages were acknowledged, ${durable} are durable`);
    });
  }

  /** A pusher says that it wrote a conversation for this job. */
  finished(jobId: string): void {
    const times = (this.#finished.get(jobId) ?? 0) + 1;
    this.#finished.set(jobId, times);
    if (times > 1) this.#guard(() => this.#fail(`job ${jobId} was finished ${times} times`));
  }

  /** Once a second. */
  deadlines(): void {
    this.#guard(() => {
      const now = this.#scheduler.nowMs;
      for (const job of this.jobs.values()) {
        if (job.lease_until !== null && job.lease_until > now + JOBS.leaseMs) {
          throw new Violation(`job ${nameOf(job)} is leased for longer than a lease`);
        }
      }
      if (this.calmSinceMs === undefined || now - this.calmSinceMs < PATIENCE_MS) return;
      for (const job of this.jobs.values()) {
        const lateMs = now - Math.max(job.due_at, this.calmSinceMs);
        if (job.state === "queued" && lateMs > PATIENCE_MS) throw new Violation(`job ${nameOf(job)} is due and waits`);
        if (job.lease_until !== null && now - job.lease_until > PATIENCE_MS) {
          throw new Violation(`the lease of job ${nameOf(job)} ran out and nobody takes it`);
        }
      }
    });
  }

  /** What is not over yet, for the end of the world; empty where all is done. */
  unfinished(): string[] {
    const waiting: string[] = [];
    for (const device of this.#devices) {
      if (!device.isGone && !device.done)
        waiting.push(`device ${device.plan.number} has ${device.recorded - device.acknowledged} messages`);
    }
    for (const job of this.jobs.values()) if (!isTerminal(job.state as JobState)) waiting.push(`job ${nameOf(job)}`);
    for (const { id, status } of this.conversations.values()) {
      if (status !== "completed" && status !== "failed") waiting.push(`conversation ${id} ${status}`);
    }
    for (const session of this.sessions.values()) {
      if (session.transcribed_messages < session.durable_messages) waiting.push(`recording ${session.id} has a gap`);
    }
    return waiting;
  }

  /** After everything came to rest. */
  final(): void {
    for (const device of this.#devices) {
      const { durable_messages: durable } = this.sessions.get(device.recordingId) ?? { durable_messages: 0 };
      if (!device.isGone && durable !== device.recorded)
        this.#fail(`device ${device.plan.number}: ${durable} of ${device.recorded} messages are durable`);
      for (const word of device.words) {
        if (word.message < durable && !this.words.has(word.name)) this.#fail(`the word ${word.name} is lost`);
      }
    }
    for (const conversation of this.conversations.values()) {
      if (conversation.status === "failed" && this.contentFailures === 0)
        this.#fail(`conversation ${conversation.id} failed`);
    }
    for (const job of this.jobs.values()) {
      const gaveUp = job.state === "dead_letter" || job.state === "failed";
      if (gaveUp && this.contentFailures === 0) this.#fail(`job ${nameOf(job)} gave up without a content failure`);
    }
    this.#checkOrder();
  }

  /**
   * In each conversation the words of one device are in the order in which they were said. (Two conversations may interleave:
   * one that could not be ended because the database was away is gone on with when its client comes back.)
   */
  #checkOrder(): void {
    const { rows } = this.#engine.query(
      "select conversation_id, text from segments order by conversation_id, start_s, end_s",
    );
    const last = new Map<string, number>();
    for (const row of rows) {
      for (const word of wordsIn(String(row.text))) {
        const [device, number] = word.slice(1).split("w");
        const key = `${String(row.conversation_id)} ${device}`;
        const before = last.get(key) ?? -1;
        if (Number(number) <= before) this.#fail(`words of device ${device} are out of order: ${before}, ${number}`);
        last.set(key, Number(number));
      }
    }
  }

  #readWords(): void {
    const { rows } = this.#engine.query(
      "select conversation_id, text from segments order by conversation_id, start_s, id",
    );
    const words = new Map<string, string>();
    for (const row of rows) {
      for (const word of wordsIn(String(row.text))) {
        if (words.has(word)) throw new Violation(`the word ${word} is stored twice`);
        words.set(word, String(row.conversation_id));
      }
    }
    for (const word of this.words.keys()) if (!words.has(word)) throw new Violation(`the stored word ${word} is gone`);
    this.words = words;
  }

  #readConversations(): void {
    const { rows } = this.#engine.query(
      `select id, status, discarded, finalization_job_id, finalization_revision, started_at, finished_at, silence_timeout_ms
       from conversations where deleted_at is null`,
    );
    const next = new Map(rows.map((row) => [String(row.id), row as unknown as ConversationRow]));
    for (const before of this.conversations.values()) {
      const now = next.get(before.id);
      if (now === undefined) continue;
      if (now.status === "in_progress" && before.status !== "in_progress") {
        throw new Violation(`conversation ${before.id} went back from ${before.status} to in_progress`);
      }
      if (now.finalization_revision < before.finalization_revision) throw new Violation("a revision went back");
    }
    this.conversations = next;
  }

  #readJobs(): void {
    const { rows } = this.#engine.query(
      `select id, kind, state, conversation_id, attempts, tries, lease_epoch, lease_until, due_at, failure_class, reason_code,
       payload from jobs`,
    );
    const next = new Map(rows.map((row) => [String(row.id), row as unknown as JobRow]));
    for (const before of this.jobs.values()) {
      const now = next.get(before.id);
      if (now === undefined) throw new Violation(`job ${nameOf(before)} is gone`);
      if (isTerminal(before.state as JobState) && now.state !== before.state) {
        throw new Violation(`job ${nameOf(before)} was over and is ${now.state}`);
      }
      if (now.lease_epoch < before.lease_epoch) throw new Violation(`the epoch of job ${nameOf(now)} went back`);
      if (now.attempts > before.attempts && (now.failure_class !== "content" || now.attempts > this.contentFailures)) {
        throw new Violation(`job ${nameOf(now)} spent an attempt for ${now.failure_class} (${now.reason_code})`);
      }
    }
    this.jobs = next;
  }

  #readSessions(): void {
    const { rows } = this.#engine.query(
      "select id, epoch, durable_messages, transcribed_messages, lease_until from recording_sessions",
    );
    const next = new Map(rows.map((row) => [String(row.id), row as unknown as SessionRow]));
    for (const before of this.sessions.values()) {
      const now = next.get(before.id);
      if (now === undefined) throw new Violation(`recording ${before.id} is gone`);
      if (now.epoch < before.epoch) throw new Violation("an epoch went back");
      if (now.durable_messages < before.durable_messages) throw new Violation("durable messages went back");
      if (now.transcribed_messages < before.transcribed_messages) throw new Violation("a watermark went back");
    }
    this.sessions = next;
  }

  /** Law L5: whatever is not over has somebody who ends it. */
  #checkOwners(): void {
    for (const { id, status, finalization_job_id } of this.conversations.values()) {
      if (status !== "processing" && status !== "merging") continue;
      const job = this.jobs.get(finalization_job_id ?? "");
      if (job === undefined || !OPEN.has(job.state))
        throw new Violation(`conversation ${id} is ${status} without an open job`);
    }
    for (const job of this.jobs.values()) {
      if (job.state !== "blocked") continue;
      const repaired = [...this.jobs.values()].some(
        (other) => other.kind === "repair" && other.conversation_id === job.conversation_id && OPEN.has(other.state),
      );
      if (!repaired) throw new Violation(`job ${nameOf(job)} is blocked by nothing`);
    }
  }

  /** A word behind the watermark is stored, or an open repair owns it. */
  #checkWatermarks(): void {
    for (const device of this.#devices) {
      const session = this.sessions.get(device.recordingId);
      if (session === undefined) continue;
      for (const { name, message } of device.words) {
        if (message >= session.transcribed_messages || this.words.has(name)) continue;
        if (!this.#isRepaired(device.recordingId, message)) {
          throw new Violation(
            `the word ${name} (message ${message}) is behind the watermark ${session.transcribed_messages} and nowhere`,
          );
        }
      }
    }
  }

  /** Repairs that gave up keep their sound, so what they own is not lost. */
  #isRepaired(recordingId: string, message: number): boolean {
    return [...this.jobs.values()].some(({ kind, state, payload }) => {
      if (kind !== "repair" || state === "completed") return false;
      const { recording_session_id: id, from_message: from, to_message: to } = payload;
      return id === recordingId && Number(from) <= message && message < Number(to);
    });
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#scheduler.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(message: string): never {
    throw new Violation(message);
  }
}

function nameOf(job: JobRow): string {
  return `${job.id.slice(0, 8)} (${job.kind}, ${job.state}, conversation ${job.conversation_id})`;
}
