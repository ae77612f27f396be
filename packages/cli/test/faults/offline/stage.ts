/**
 * Where the rows of offline recordings play: one PostgreSQL, one gateway and one speech process for all of them, and for each row
 * a user of its own, the workers that it starts, and what it knows from outside: rows, files, and what clients are told.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { SyncAccepted, SyncJobView } from "@holdfast/contract";
import { blobFolder, createToken, findJob, type Job, uploadFolder } from "@holdfast/store";
import { freePort, startRole, startWorld, type TestRole, type World, waitFor } from "@holdfast/testkit";
import { type SharedSpeech, startSharedSpeech } from "../stage.ts";
import type { Recording } from "./batch.ts";
import { type SpeechGate, startSpeechGate } from "./speech-gate.ts";

export interface Product extends AsyncDisposable {
  readonly world: World;
  readonly speech: SpeechGate;
}

export async function startProduct(): Promise<Product> {
  const shared: SharedSpeech = await startSharedSpeech();
  const speech = await startSpeechGate(shared.url);
  const world = await startWorld({ HOLDFAST_SPEECH_URL: speech.url });
  const product: Product = {
    world,
    speech,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await speech[Symbol.asyncDispose]();
      await shared[Symbol.asyncDispose]();
    },
  };
  try {
    await world.start("server");
  } catch (error) {
    await product[Symbol.asyncDispose]();
    throw error;
  }
  return product;
}

export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly speech: SpeechGate;
  readonly userId: string;
  readonly batch: readonly Recording[];
  readonly workers: TestRole[] = [];
  readonly #token: string;
  #jobId: string | undefined;

  readonly #product: Product;

  constructor(product: Product, userId: string, token: string, batch: readonly Recording[]) {
    this.#product = product;
    this.world = product.world;
    this.speech = product.speech;
    this.userId = userId;
    this.batch = batch;
    this.#token = token;
  }

  get jobId(): string {
    if (this.#jobId === undefined) throw new Error("nothing was accepted yet");
    return this.#jobId;
  }

  /** The worker that was started last. */
  get worker(): TestRole {
    const worker = this.workers.at(-1);
    if (worker === undefined) throw new Error("there is no worker");
    return worker;
  }

  async startWorker(): Promise<void> {
    this.workers.push(await startRole("worker", this.world.settings));
  }

  /** Another gateway beside the first. */
  async startGateway(over: Readonly<Record<string, string>> = {}): Promise<TestRole & { readonly url: string }> {
    const port = String(await freePort());
    const role = await startRole("server", { ...this.world.settings, HOLDFAST_PORT: port, ...over });
    return { ...role, url: `http://127.0.0.1:${role.port}` };
  }

  /** Somebody else with the same recordings. */
  async another(): Promise<Stage> {
    return await openStage(this.#product, this.batch);
  }

  /** One request with the whole batch, to this gateway; the order of its parts means nothing. */
  async post(url = this.world.url, batch = this.batch): Promise<Response> {
    const body = new FormData();
    for (const { name, bytes } of batch) body.append("files", new Blob([bytes]), name);
    return await fetch(`${url}/v2/sync-local-files`, { method: "POST", headers: this.#headers, body });
  }

  /** Reads an answer that must be 202. */
  async taken(answer: Response): Promise<SyncAccepted> {
    const body: unknown = await answer.json();
    if (answer.status !== 202) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
    const accepted = SyncAccepted.strict().parse(body);
    this.#jobId = accepted.job_id;
    return accepted;
  }

  async send(): Promise<SyncAccepted> {
    return await this.taken(await this.post());
  }

  async get(path: string): Promise<Response> {
    return await fetch(`${this.world.url}${path}`, { headers: this.#headers });
  }

  /** What a client that polls is told. */
  async told(): Promise<SyncJobView> {
    return SyncJobView.parse(await (await this.get(`/v2/sync-local-files/${this.jobId}`)).json());
  }

  async job(): Promise<Job> {
    const job = await findJob(this.world.db, this.userId, this.jobId);
    if (job === undefined) throw new Error("there is no such job");
    return job;
  }

  /** Waits until the job is as it should be. */
  async until(what: string, isSo: (job: Job) => boolean, deadlineMs = 60_000): Promise<Job> {
    const look = async (): Promise<Job | undefined> => {
      const job = await this.job().catch(() => undefined);
      return job !== undefined && isSo(job) ? job : undefined;
    };
    return await waitFor(what, look, deadlineMs);
  }

  /** What fifteen seconds would do; one row waits for them. */
  async runOutLease(): Promise<void> {
    await this.world.db
      .updateTable("jobs")
      .set({ lease_until: new Date(0) })
      .where("id", "=", this.jobId)
      .where("state", "=", "leased")
      .execute();
  }

  get folder(): string {
    return join(this.#blobs, "objects", uploadFolder(this.jobId));
  }

  get #blobs(): string {
    return blobFolder({ HOLDFAST_DATA: this.world.settings.HOLDFAST_DATA ?? "", HOLDFAST_BLOBS: undefined });
  }

  /** How many recordings of the batch lie there with all their bytes. */
  async wholeFiles(): Promise<number> {
    const sizes = await this.#each(async (path) => (await stat(path)).size);
    return this.batch.filter(({ bytes }) => sizes.includes(bytes.length)).length;
  }

  /** The same, byte for byte. */
  async keptFiles(): Promise<number> {
    const files = await this.#each(async (path) => await readFile(path));
    return this.batch.filter(({ bytes }) => files.some((file) => file.equals(bytes))).length;
  }

  async #each<T>(look: (path: string) => Promise<T>): Promise<readonly T[]> {
    const names = await readdir(this.folder).catch(() => []);
    const found = await Promise.all(names.map((name) => look(join(this.folder, name)).catch(() => undefined)));
    return found.filter((one) => one !== undefined);
  }

  /** Every file of every upload that there is, or that is on its way. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(this.#blobs, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  }

  /** Everybody's last words, for a row that failed. */
  said(): string {
    const logs = this.workers.map((worker, at) => `--- worker ${at + 1}\n${worker.output().slice(-3_000)}`);
    return [`--- gateway\n${this.world.said("server").slice(-2_000)}`, ...logs].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.speech.letGo();
    await Promise.all(this.workers.map((worker) => worker.kill()));
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}` };
  }
}

let users = 0;

export async function openStage(product: Product, batch: readonly Recording[]): Promise<Stage> {
  users += 1;
  const userId = `offline-${users}`;
  const token = await createToken(product.world.db, { userId, name: "test", nowMs: Date.now() });
  return new Stage(product, userId, token, batch);
}
