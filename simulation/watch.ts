/**
 * What must be true after every step. The watch looks at the database whenever something was committed, at every
 * acknowledgement, and at deadlines once a second; the first thing that is wrong ends the world with a sentence.
 *
 * - Nothing lost: an acknowledged message is durable; a word behind the watermark is in a transcript or owned by an open
 *   repair; a word that was stored stays; a conversation with words is not removed; no word comes after
 *   the summary without another one.
 * - Nothing twice: no word is stored twice, anywhere; a job is finished once, a conversation is written once for each job, and
 *   what it sets off happens once (`effects-watch.ts`).
 * - In order: the words of a recording are in each conversation in the order in which they were said.
 * - No state past its deadline: a lease never reaches further than its length, nothing that is due waits while all is well,
 *   a blocked finalisation has an open repair, a conversation that is being processed has a job that is not over.
 * - No attempt is spent by anything but content, and nobody writes to a job that another process holds.
 * - What offline recordings need beside that is in `uploads-watch.ts`, what calls and words of clients need in `live-watch.ts`.
 */
import { JOBS } from "@holdfast/contract";
import { isTerminal, type JobState } from "@holdfast/core";
import type { DatabaseEngine, Scheduler, SimDisk, SimProcess } from "@holdfast/testkit/simulator";
import type { Device } from "./device.ts";
import { EffectsWatch } from "./effects-watch.ts";
import { LiveWatch } from "./live-watch.ts";
import type { Told } from "./receiver.ts";
import type { Recording } from "./recorder.ts";
import { wordsIn } from "./sound.ts";
import type { Telephone } from "./telephone.ts";
import { UploadsWatch } from "./uploads-watch.ts";
import { type ConversationRow, type JobRow, nameOf, type SessionRow, Violation } from "./violation.ts";

/** Due work may wait this long while all is well: polls, sweeps and one turn of the queue. */
const PATIENCE_MS = 20_000;

const OPEN = new Set(["queued", "leased", "blocked"]);

export class Watch {
  readonly #engine: DatabaseEngine;
  readonly #scheduler: Scheduler;
  readonly #devices: readonly Device[];
  readonly #phones: readonly Telephone[];
  jobs = new Map<string, JobRow>();
  conversations = new Map<string, ConversationRow>();
  sessions = new Map<string, SessionRow>();
  /** Conversation of each stored word. */
  words = new Map<string, string>();
  readonly effects: EffectsWatch;
  readonly uploads: UploadsWatch;
  readonly live: LiveWatch;
  /** The process that took up each job last. */
  readonly #holders = new Map<string, string>();
  /** When an upload was in work last: they take turns. */
  #uploadingMs = 0;
  readonly #finished = new Map<string, number>();
  /** Failures of class `content` that the world's speech engine and language model gave. */
  contentFailures = 0;
  /** Since when nothing goes wrong any more. */
  calmSinceMs: number | undefined;

  constructor(
    engine: DatabaseEngine,
    scheduler: Scheduler,
    people: { readonly devices: readonly Device[]; readonly phones: readonly Telephone[]; readonly disk: SimDisk },
  ) {
    this.#engine = engine;
    this.#scheduler = scheduler;
    this.#devices = people.devices;
    this.#phones = people.phones;
    this.effects = new EffectsWatch(engine, scheduler);
    this.uploads = new UploadsWatch(engine, people.disk, people.phones, this);
    this.live = new LiveWatch(engine, people.devices, this);
  }

  committed(tables: ReadonlySet<string>, by: SimProcess): void {
    this.#guard(() => {
      if (tables.has("conversations")) this.#readConversations();
      if (tables.has("segments") || tables.has("conversations")) this.#readWords();
      if (tables.has("upload_files")) this.uploads.readFiles();
      if (tables.has("jobs")) this.#readJobs(by);
      if (tables.has("resumable_uploads")) this.uploads.resumables.read();
      if (tables.has("deliveries")) this.effects.readDeliveries();
      if (tables.has("recording_sessions")) this.#readSessions();
      if (tables.has("jobs") || tables.has("conversations")) this.#checkOwners();
      if (tables.has("recording_sessions") || tables.has("jobs")) this.#checkWatermarks();
    });
  }

  /** Somebody outside saw something; `look` says what is wrong with it. */
  seen(look: (uploads: UploadsWatch) => void): void {
    this.#guard(() => look(this.uploads));
  }

  /** One that is recorded live, or was. */
  liveConversationOf(userId: string): string | undefined {
    return [...this.conversations.values()].find(({ origin, user_id }) => origin === "live" && user_id === userId)?.id;
  }

  /** Somebody is about to be told of a conversation. */
  sent(by: SimProcess, deliveryId: string, told: Told): void {
    this.#guard(() => this.effects.sent(by, deliveryId, told, this));
  }

  acknowledged(recordingId: string, count: number): void {
    this.#guard(() => {
      const durable = this.sessions.get(recordingId)?.durable_messages ?? 0;
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
      const uploads = [...this.jobs.values()].filter(({ kind }) => kind === "sync");
      if (uploads.some(({ state }) => state === "leased")) this.#uploadingMs = now;
      this.live.deadlines(now);
      if (this.calmSinceMs === undefined || now - this.calmSinceMs < PATIENCE_MS) return;
      for (const job of this.jobs.values()) {
        const turnMs = job.kind === "sync" ? this.#uploadingMs : 0;
        const lateMs = now - Math.max(job.due_at, this.calmSinceMs, turnMs);
        // One that may have ended its workers also waits until its process has nothing else to do.
        const extraMs = job.lost_leases >= JOBS.suspectLostLeases ? JOBS.suspectPatienceMs : 0;
        if (job.state === "queued" && lateMs > PATIENCE_MS + extraMs)
          throw new Violation(`job ${nameOf(job)} is due and waits`);
        if (job.lease_until !== null && now - job.lease_until > PATIENCE_MS) {
          throw new Violation(`the lease of job ${nameOf(job)} ran out and nobody takes it`);
        }
      }
    });
  }

  /** What is not over yet, for the end of the world; empty where all is done. */
  unfinished(): string[] {
    const waiting = this.#phones.length === 0 ? [] : this.uploads.unfinished();
    for (const device of this.#devices) {
      if (!device.isGone && !device.done) waiting.push(`device ${device.plan.number} has ${device.waiting} messages`);
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
      for (const recording of device.recordings) this.#checkRecording(device, recording);
    }
    for (const conversation of this.conversations.values()) {
      if (conversation.status === "failed" && this.contentFailures === 0)
        this.#fail(`conversation ${conversation.id} failed`);
    }
    for (const job of this.jobs.values()) {
      if (job.kind === "sync") continue;
      const gaveUp = job.state === "dead_letter" || job.state === "failed";
      if (gaveUp && this.contentFailures === 0) this.#fail(`job ${nameOf(job)} gave up without a content failure`);
    }
    this.#checkOrder();
    this.live.final();
    this.effects.final(this);
    this.uploads.final();
  }

  #checkRecording(device: Device, { id, words, messages }: Recording): void {
    const durable = this.sessions.get(id ?? "")?.durable_messages ?? 0;
    // A recorder without our client library keeps nothing, so a gateway that dies takes what it had not stored with it.
    if (!device.isGone && !device.plan.isPlain && durable !== messages)
      this.#fail(`device ${device.plan.number}: ${durable} of ${messages} messages are durable`);
    // The sound of those who bring their own words has none.
    for (const { name, message } of device.plan.brings === "words" ? [] : words) {
      if (message < durable && !this.words.has(name)) this.#fail(`the word ${name} is lost`);
    }
  }

  /**
   * In each conversation the words of one recording are in the order in which they were said. (Two conversations may
   * interleave: one that could not be ended because the database was away is gone on with when its client comes back. And
   * nobody can know that two recordings come from one mouth: their sound is placed by the moment of its arrival. Of the two
   * voices of a call each is in its own order.)
   */
  #checkOrder(): void {
    const { rows } = this.#engine.query(
      "select conversation_id, text from segments order by conversation_id, start_s, end_s",
    );
    const places = new Map<string, readonly [recording: string, place: number]>();
    for (const device of this.#devices) {
      device.recordings.forEach(({ words }, index) => {
        words.forEach(({ name, channel }, place) => {
          places.set(name, [`${device.plan.number}/${index}/${channel}`, place]);
        });
      });
    }
    for (const file of this.#phones.flatMap(({ batches }) => batches.flatMap(({ files }) => files))) {
      file.words.forEach(({ name }, place) => {
        places.set(name, [file.name, place]);
      });
    }
    const last = new Map<string, readonly [place: number, word: string]>();
    for (const row of rows) {
      for (const word of wordsIn(String(row.text))) {
        const [recording, place] = places.get(word) ?? ["", 0];
        const key = `${String(row.conversation_id)} ${recording}`;
        const before = last.get(key);
        if (before !== undefined && place <= before[0]) this.#fail(`words are out of order: ${before[1]}, ${word}`);
        last.set(key, [place, word]);
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
        const conversationId = String(row.conversation_id);
        words.set(word, conversationId);
        if (!this.words.has(word)) this.#checkOpen(word, conversationId);
      }
    }
    for (const word of this.words.keys()) if (!words.has(word)) throw new Violation(`the stored word ${word} is gone`);
    this.words = words;
  }

  /** Words that come after the summary was written are missing from it, unless it is written again. */
  #checkOpen(word: string, conversationId: string): void {
    const { status, upload_job_id } = this.conversations.get(conversationId) ?? {};
    // One that failed says so until its new words are all there.
    const isOwned = status === "failed" && typeof upload_job_id === "string";
    if ((status === "completed" || status === "failed") && !isOwned) {
      throw new Violation(`the word ${word} joined conversation ${conversationId}, which was ${status}`);
    }
  }

  #readConversations(): void {
    const { rows } = this.#engine.query(
      `select id, user_id, origin, status, upload_job_id, discarded, finalization_job_id, finalization_revision, started_at, finished_at, silence_timeout_ms
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

  #readJobs(by: SimProcess): void {
    const { rows } = this.#engine.query(
      `select id, user_id, kind, state, conversation_id, attempts, tries, lost_leases, lease_epoch, lease_until, due_at,
       failure_class, reason_code, payload, progress, result from jobs`,
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
    const before = this.jobs;
    this.jobs = next;
    for (const now of next.values()) {
      const old = before.get(now.id);
      if (now.lease_epoch > (old?.lease_epoch ?? 0)) {
        this.#holders.set(now.id, by.name);
        this.effects.claimed(now, by);
      } else if (old?.state === "leased") this.#checkHolder(old, now, by);
      this.uploads.checkJob(old, now);
      if (old === undefined) this.live.checkNew(now);
    }
  }

  /** What is leased is written to by its holder alone. */
  #checkHolder(old: JobRow, now: JobRow, by: SimProcess): void {
    const isWritten =
      old.state !== now.state ||
      old.lease_until !== now.lease_until ||
      JSON.stringify(old.progress) !== JSON.stringify(now.progress);
    const holder = this.#holders.get(now.id);
    if (isWritten && holder !== by.name) throw new Violation(`${by.name} writes to job ${nameOf(now)} of ${holder}`);
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
    for (const { id, origin, status, finalization_job_id, upload_job_id } of this.conversations.values()) {
      const isUploading = status === "in_progress" && origin === "sync";
      if (status !== "processing" && status !== "merging" && !isUploading) continue;
      const isOwned = [finalization_job_id, upload_job_id].some((job) =>
        OPEN.has(this.jobs.get(job ?? "")?.state ?? ""),
      );
      if (!isOwned) throw new Violation(`conversation ${id} is ${status} without an open job`);
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
    const recognised = this.#devices.filter(({ plan }) => plan.brings !== "words");
    for (const { id, words } of recognised.flatMap(({ recordings }) => recordings)) {
      const session = this.sessions.get(id ?? "");
      if (id === undefined || session === undefined) continue;
      for (const { name, message } of words) {
        if (message >= session.transcribed_messages || this.words.has(name)) continue;
        if (!this.#isRepaired(id, message)) {
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
