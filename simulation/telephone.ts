/**
 * A telephone that brings what it recorded offline, as released clients do: it sends a batch, and again where no answer came or
 * as soon as a refusal says; it asks what became of the job until that is final, and keeps its files until it hears `completed`.
 * Some are impatient: the same batch is on its way three times at once, or comes again although it was done. Some send their
 * files in resumable uploads (`resumable.ts`). What a person drops on the page are WAV files, each with the time at which it began.
 */
import { SYNC } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { ask, type HttpAnswer, multipart } from "./http.ts";
import { LibraryPhone } from "./library-phone.ts";
import { type Batch, type OfflineFile, offlineBatches } from "./offline-sound.ts";
import { ResumableSender, type UploadAnswer } from "./resumable.ts";

export interface TelephonePlan {
  readonly number: number;
  readonly userId: string;
  /** It says which device it is. */
  readonly isNamed: boolean;
  /** How it brings files: as batches of `.bin`, in resumable uploads, as WAV files one by one, or by our client library. */
  readonly way: "batches" | "resumable" | "dropped" | "library";
  /** It may say that a batch belongs to a live conversation. */
  readonly aims: boolean;
  /** Chance that it sends a batch more often than it must. */
  readonly impatience: number;
  /** When it finds a network, since the beginning of the world. */
  readonly fromMs: number;
}

export interface TelephoneLinks {
  readonly network: SimNetwork;
  /** A live conversation of this user that is known by now. */
  readonly conversationOf: (userId: string) => string | undefined;
  readonly onAnswer: (phone: Telephone, batch: Batch, answer: HttpAnswer) => void;
  readonly onUpload: (batch: Batch, answered: UploadAnswer) => void;
  readonly onView: (batch: Batch, jobId: string, answer: HttpAnswer) => void;
  /** Our library holds these for part of a conversation. */
  readonly onConfirmed: (files: readonly OfflineFile[]) => void;
  /** The planted fault of our library. */
  readonly believesEarly: boolean;
  /** Our library did what it never may. */
  readonly onBroken: (phone: Telephone, why: string) => void;
}

const RETRY = { firstMs: 1_000, mostMs: 15_000 } as const;
const FINAL = ["completed", "partial_failure", "failed"];
/** A client sends a file again that failed, but not for ever. */
const SENDINGS = 2;

export class Telephone {
  readonly process: SimProcess;
  readonly plan: TelephonePlan;
  /** What it recorded, once it has found a network. */
  batches: readonly Batch[] = [];
  /** Some of its batches were aimed at a conversation. */
  hasAimed = false;
  /** It heard of everything what became of it. */
  done = false;
  readonly #links: TelephoneLinks;

  constructor(process: SimProcess, plan: TelephonePlan, links: TelephoneLinks) {
    this.process = process;
    this.plan = plan;
    this.#links = links;
  }

  get isGone(): boolean {
    return this.process.isDead;
  }

  async run(): Promise<void> {
    const { clock, random } = this.process;
    await sleep(clock, this.plan.fromMs);
    this.batches = offlineBatches(random, this.plan.number, clock.now(), this.plan.way === "dropped");
    if (this.plan.way === "library") return await this.#byLibrary();
    const atOnce = random.chance(0.3);
    const bringing: Promise<void>[] = [];
    for (const batch of this.batches) {
      bringing.push(this.#bring(batch));
      if (!atOnce) await bringing.at(-1);
    }
    await Promise.all(bringing);
    this.done = true;
  }

  /** The library decides what goes together. */
  async #byLibrary(): Promise<void> {
    const files = [...new Map(this.batches.flatMap((batch) => batch.files).map((file) => [file.name, file])).values()];
    const oldestMs = this.process.clock.now() - SYNC.lookbackMs;
    this.batches = [];
    const phone = new LibraryPhone(this.process, {
      network: this.#links.network,
      headers: this.#headers(),
      batchOf: (names) =>
        this.#batchOf(
          files.filter(({ name }) => names.includes(name)),
          oldestMs,
        ),
      onAnswer: (batch, answer) => this.#links.onAnswer(this, batch, answer),
      onView: (batch, jobId, answer) => this.#links.onView(batch, jobId, answer),
      onConfirmed: (names) => this.#links.onConfirmed(files.filter(({ name }) => names.includes(name))),
      onBroken: (why) => this.#links.onBroken(this, why),
      believesEarly: this.#links.believesEarly,
    });
    await phone.bring(files);
    this.done = true;
  }

  #batchOf(files: readonly OfflineFile[], oldestMs: number): Batch {
    const known = this.batches.find(
      (batch) => batch.files.map(({ name }) => name).join() === files.map(({ name }) => name).join(),
    );
    if (known !== undefined) return known;
    const isTooOld = files.some(({ startedAtMs }) => startedAtMs < oldestMs);
    const batch: Batch = { files, isTooOld, jobIds: new Set(), outcome: undefined, underWay: 0, mayBeTaken: false };
    this.batches = [...this.batches, batch];
    return batch;
  }

  async #bring(batch: Batch): Promise<void> {
    const { random } = this.process;
    const path = this.#path();
    for (let sendings = 0; sendings < SENDINGS; sendings++) {
      const jobId = this.plan.way === "resumable" ? await this.#resume(batch) : await this.#send(batch, path);
      if (jobId === undefined) return;
      await this.#follow(batch, jobId);
      if (batch.outcome === "completed" && !random.chance(this.plan.impatience)) return;
    }
  }

  #path(): string {
    if (this.plan.way === "dropped") return "/v1/uploads";
    const aim =
      this.plan.aims && this.process.random.chance(0.5) ? this.#links.conversationOf(this.plan.userId) : undefined;
    if (aim === undefined) return "/v2/sync-local-files";
    this.hasAimed = true;
    return `/v2/sync-local-files?conversation_id=${aim}`;
  }

  async #resume(batch: Batch): Promise<string | undefined> {
    batch.mayBeTaken = true;
    const sender = new ResumableSender(this.process, {
      network: this.#links.network,
      headers: this.#headers(),
      onAnswer: (answered) => this.#links.onUpload(batch, answered),
      onRefused: (answer) => this.#links.onAnswer(this, batch, answer),
    });
    return await sender.send(batch);
  }

  /** The job that has the batch; undefined where it is refused for good. */
  async #send(batch: Batch, path: string): Promise<string | undefined> {
    const { clock, random } = this.process;
    for (let tries = 0; ; tries++) {
      const copies = random.chance(this.plan.impatience) ? 3 : 1;
      const answers = await Promise.all(Array.from({ length: copies }, () => this.#post(batch, path)));
      const taken = answers.filter((answer) => answer?.status === 202).at(-1);
      if (taken !== undefined) return String(taken.body.job_id);
      const refused = answers.filter((answer) => answer !== undefined);
      if (refused.length > 0 && refused.every(({ status }) => status < 500)) return undefined;
      const asked = refused.map(({ headers }) => Number(headers["retry-after"] ?? 0) * 1_000);
      await sleep(clock, Math.max(this.#patience(tries), ...asked));
    }
  }

  async #post(batch: Batch, path: string): Promise<HttpAnswer | undefined> {
    const { type, body } = this.#body(batch);
    const request = { method: "POST", path, headers: { ...this.#headers(), "content-type": type } } as const;
    batch.underWay += 1;
    const answer = await ask(this.process, this.#links.network, request, body);
    batch.underWay -= 1;
    if (answer === undefined || !isRefusal(answer)) batch.mayBeTaken = true;
    if (answer === undefined) return undefined;
    this.#links.onAnswer(this, batch, answer);
    return answer;
  }

  #body({ files }: Batch): ReturnType<typeof multipart> {
    if (this.plan.way !== "dropped") return multipart("files", files);
    return multipart("file", files, { started_at: String(files[0]?.startedAtMs) });
  }

  async #follow(batch: Batch, jobId: string): Promise<void> {
    const { clock } = this.process;
    for (let tries = 0; ; ) {
      const request = { method: "GET", path: `/v2/sync-local-files/${jobId}`, headers: this.#headers() } as const;
      const answer = await ask(this.process, this.#links.network, request);
      if (answer === undefined || answer.status >= 500) {
        await sleep(clock, this.#patience(tries));
        tries += 1;
        continue;
      }
      tries = 0;
      this.#links.onView(batch, jobId, answer);
      batch.outcome = String(answer.body.status);
      if (FINAL.includes(batch.outcome) || answer.status !== 200) return;
      await sleep(clock, Math.max(SYNC.pollAfterMs, Number(answer.body.retry_after ?? 0) * 1_000));
    }
  }

  #patience(tries: number): number {
    return Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** tries) * this.process.random.between(0.5, 1);
  }

  #headers(): Record<string, string> {
    const device = { "x-app-platform": "ios", "x-device-id-hash": `phone${this.plan.number}` };
    return { authorization: `Bearer ${this.plan.userId}`, ...(this.plan.isNamed ? device : {}) };
  }
}

/** Nothing of the batch was taken: not even a job that may exist. */
export function isRefusal({ status, body }: HttpAnswer): boolean {
  return status < 500 ? status !== 202 : body.code === "backfill_capacity";
}
