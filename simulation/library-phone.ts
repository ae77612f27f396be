/**
 * A telephone that brings its recordings with the real client library: the recording log on a disk of its own, the sync engine
 * over the simulated network. Its program dies at any write and at any moment, and begins anew over what the disk holds. What the
 * library asks and hears is what the watch is shown, one batch for each set of files that it ever sends together.
 */
import { type FetchLike, RecordingLog, SyncEngine, type SyncLog } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import { isFinalRecording, MAX_AUTOMATIC_ATTEMPTS, sleep } from "@holdfast/core";
import { MemoryDisk } from "@holdfast/testkit/log";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { ask, type HttpAnswer, multipart } from "./http.ts";
import type { Batch, OfflineFile } from "./offline-sound.ts";

export interface LibraryPhoneLinks {
  readonly network: SimNetwork;
  readonly headers: Readonly<Record<string, string>>;
  /** The batch of exactly these files. */
  readonly batchOf: (names: readonly string[]) => Batch;
  readonly onAnswer: (batch: Batch, answer: HttpAnswer) => void;
  readonly onView: (batch: Batch, jobId: string, answer: HttpAnswer) => void;
  /** The library holds these files for part of a conversation. */
  readonly onConfirmed: (names: readonly string[]) => void;
  readonly onBroken: (why: string) => void;
  /** The planted fault: what was accepted is taken for done. */
  readonly believesEarly: boolean;
}

/** Lives that a program has before it is left alone to finish. */
const LIVES = 3;
const LOOK_MS = 500;

export class LibraryPhone {
  readonly #process: SimProcess;
  readonly #links: LibraryPhoneLinks;
  readonly #disk = new MemoryDisk();
  readonly #jobs = new Map<string, Batch>();
  #engine: SyncEngine | undefined;

  constructor(process: SimProcess, links: LibraryPhoneLinks) {
    this.#process = process;
    this.#links = links;
  }

  /** Resolves when of every file is known what became of it. */
  async bring(files: readonly OfflineFile[]): Promise<void> {
    for (let lives = 1; ; lives++) if (await this.#live(files, lives < LIVES)) return;
  }

  /** One life of the program; false where it died. */
  async #live(files: readonly OfflineFile[], mayDie: boolean): Promise<boolean> {
    const { clock, random, scheduler } = this.#process;
    // This life's: the disk has a new one after it.
    const { death } = this.#disk;
    let isDead = false;
    void death.then(() => {
      isDead = true;
    });
    if (mayDie && random.chance(0.5)) this.#disk.dieAt(random.int(1, 60), random.next());
    const dies = mayDie && random.chance(0.4) ? clock.now() + random.int(0, 20_000) : Number.POSITIVE_INFINITY;
    const opening = RecordingLog.open({
      ...{ store: await this.#disk.open(), owner: "me", clock, random, reserveBytes: 0 },
    });
    const log = await Promise.race([opening, death]);
    if (log === undefined) return false;
    const engine = new SyncEngine({
      ...{ log: this.#links.believesEarly ? believing(log) : log, clock, random },
      http: { server: "http://server", token: "t", fetch: this.#fetch, clock },
    });
    this.#engine = engine;
    engine.start();
    for (const { name, bytes } of files) {
      const content = new Blob([new Uint8Array(bytes)]);
      const importing = log.importBin(name, content).catch((error: unknown) => {
        // A file without a single frame is nothing that anybody could bring.
        if (!isHoldfastError(error) || error.code !== "no_frames") throw error;
      });
      await scheduler.real(Promise.race([importing, death]));
    }
    if (!isDead) engine.wake("recording_sealed");
    while (!isDead && clock.now() < dies) {
      const all = [...log.recordings.values()];
      const isOver = all.every(
        ({ status, attempts }) =>
          status === "synced" || isFinalRecording(status) || (status === "miss" && attempts >= MAX_AUTOMATIC_ATTEMPTS),
      );
      if (isOver) break;
      await sleep(clock, LOOK_MS);
    }
    const hasDied = isDead || clock.now() >= dies;
    this.#engine = undefined;
    if (hasDied) this.#disk.kill();
    await Promise.race([engine.close(), sleep(clock, 1)]);
    this.#disk.dieAt(Number.POSITIVE_INFINITY);
    if (hasDied) return false;
    const confirmed = [...log.recordings.values()].filter(({ status }) => status === "synced");
    this.#links.onConfirmed(confirmed.map(({ originalName }) => originalName ?? ""));
    await log.close();
    return true;
  }

  readonly #fetch: FetchLike = async (url, init) => {
    const { scheduler } = this.#process;
    const { pathname, search } = new URL(url);
    const limit = this.#engine?.status.limit ?? null;
    if (limit !== null && pathname !== "/v1/fair-use/status") this.#links.onBroken(`${pathname} in a pause`);
    if (init.method !== "POST") return await this.#view(pathname);
    const files = await scheduler.real(filesOf(init.body));
    const batch = this.#links.batchOf(files.map(({ name }) => name));
    const { type, body } = multipart("files", files);
    const headers = { ...this.#links.headers, "content-type": type };
    batch.underWay += 1;
    const answer = await ask(
      this.#process,
      this.#links.network,
      { method: "POST", path: pathname + search, headers },
      body,
    );
    batch.underWay -= 1;
    if (answer === undefined || answer.status === 202) batch.mayBeTaken = true;
    if (answer === undefined) throw new TypeError("no answer came");
    if (answer.status >= 500 && answer.body.code !== "backfill_capacity") batch.mayBeTaken = true;
    this.#links.onAnswer(batch, answer);
    if (answer.status === 202) this.#jobs.set(String(answer.body.job_id), batch);
    return responseOf(answer);
  };

  async #view(path: string): Promise<Response> {
    const { headers } = this.#links;
    const answer = await ask(this.#process, this.#links.network, { method: "GET", path, headers });
    if (answer === undefined) throw new TypeError("no answer came");
    const jobId = path.split("/").at(-1) ?? "";
    const batch = this.#jobs.get(jobId);
    if (batch !== undefined && answer.status < 500) {
      this.#links.onView(batch, jobId, answer);
      batch.outcome = String(answer.body.status);
    }
    return responseOf(answer);
  }
}

function believing(log: RecordingLog): SyncLog {
  return {
    recordings: log.recordings,
    apply: (events) =>
      log.apply(
        events.map(([id, event]) => [
          id,
          event.type === "accepted" ? { type: "finished" as const, nowMs: event.nowMs } : event,
        ]),
      ),
    sync: () => log.sync(),
    stamp: (ids, conversationId) => log.stamp(ids, conversationId),
    cameLive: (...came) => log.cameLive(...came),
    content: (id) => log.content(id),
    remove: (ids) => log.remove(ids),
    removeConfirmed: (days) => log.removeConfirmed(days),
    note: (key) => log.note(key),
    setNote: (key, value) => log.setNote(key, value),
  };
}

async function filesOf(body: unknown): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
  if (!(body instanceof FormData)) return [];
  const files = [...body.values()].filter((value) => value instanceof File);
  return await Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  const answer = { status, ok: status < 300, headers: new Headers(headers), text: async () => JSON.stringify(body) };
  return answer as unknown as Response;
}
