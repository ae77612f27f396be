/**
 * The whole client over a disk, a network and a server that fail on demand: recording log, live socket, sync engine. The server
 * keeps the messages it holds from both ways, so that a test can say of every frame where it is. Frames carry their number.
 */
import { readFrames } from "@holdfast/contract";
import { LiveScript } from "@holdfast/testkit/gateway";
import { MemoryDisk } from "@holdfast/testkit/log";
import { type FetchLike, HoldfastClient, type LiveCapture } from "../../src/index.ts";
import { frameOf, numberOf, OPUS } from "../log/recordings.ts";
import { fixedRandom, ManualClock } from "../manual-clock.ts";
import { type ScriptedLink, scriptedLink } from "../scripted-connect.ts";
import { Window } from "../sync/stage.ts";

export type UploadMood = "well" | "gone" | "lost answer" | "busy" | "fair use" | "signed out" | "down" | "failing job";

interface Job {
  readonly frames: readonly number[];
  readonly fails: boolean;
  isDone: boolean;
}

export class ClientWorld {
  readonly disk = new MemoryDisk();
  readonly script: LiveScript;
  readonly link: ScriptedLink;
  readonly window = new Window();
  readonly clock: ManualClock;
  /** Frames by how often the server took them by upload. */
  readonly uploaded = new Map<number, number>();
  /** Frames of completed jobs. */
  readonly completed = new Set<number>();
  /** When a request came while the engine said that it pauses. */
  readonly broken: string[] = [];
  uploadRequests = 0;
  mood: UploadMood = "well";
  client: HoldfastClient | undefined;
  capture: LiveCapture | undefined;
  /** Frames that were written: no end of the process can take them away. */
  readonly kept = new Set<number>();
  /** Frames written before the session that is written now, and its id. */
  #session = { id: "", first: 0 };
  readonly #jobs: Job[] = [];
  readonly #random = fixedRandom();
  #reading = 0;
  #next = 0;
  #died = false;

  get #first(): number {
    return this.kept.size;
  }

  /** `silent`: the server acknowledges nothing. */
  constructor({ silent = false }: { readonly silent?: boolean } = {}) {
    this.script = new LiveScript({ silent });
    this.link = scriptedLink(this.script);
    this.clock = new ManualClock(60, () => this.#reading > 0);
  }

  async open(): Promise<HoldfastClient> {
    this.#died = false;
    void this.disk.death.then(() => {
      this.#died = true;
    });
    this.client = await HoldfastClient.open({
      ...{ store: await this.disk.open(), owner: "me", reserveBytes: 0 },
      ...{ server: "http://server", token: "t", fetch: this.#fetch, connect: this.link.connect },
      ...{ clock: this.clock, random: this.#random, environment: this.window },
    });
    this.client.log.on((event) => {
      if (event.type !== "captured") return;
      if (event.sessionId !== this.#session.id) this.#session = { id: event.sessionId, first: this.#first };
      for (let i = this.kept.size; i < this.#session.first + event.frames; i++) this.kept.add(i);
    });
    this.client.start();
    return this.client;
  }

  async record(): Promise<LiveCapture> {
    const client = this.client ?? (await this.open());
    this.capture = await client.capture({ ...OPUS });
    return this.capture;
  }

  /** So many frames at the pace of sound. */
  async speak(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.clock.advance(20);
      if (this.capture === undefined) return;
      this.capture.append(frameOf(this.#next));
      this.#next += 1;
    }
    await this.clock.advance(0);
  }

  /** The process dies, where it has not already; what it said to nobody is gone. */
  async kill(): Promise<void> {
    this.disk.kill();
    // Numbers are given to frames that were kept; what was lost with the process was never promised.
    this.#next = this.kept.size;
    for (const connection of this.script.open) this.script.gone(connection);
    const dead = this.client;
    this.client = undefined;
    this.capture = undefined;
    // Its timers go with it; a dead engine may not be heard again.
    void dead?.sync.close();
    await this.clock.advance(0);
  }

  /** The process died by itself, in the middle of a write. */
  get isDead(): boolean {
    return this.client !== undefined && this.#died;
  }

  /** Frames that the log holds and that are not known to be at the server. */
  get heldFrames(): number {
    let held = 0;
    for (const { status, frames, delivered } of this.client?.log.recordings.values() ?? []) {
      if (status !== "synced") held += frames - delivered;
    }
    return held;
  }

  get live(): Set<number> {
    return new Set([...this.script.ledger.durable.values()].flat().map(numberOf));
  }

  /** How often the server was given a frame, over both ways. */
  timesOf(frame: number): number {
    return (this.live.has(frame) ? 1 : 0) + (this.uploaded.get(frame) ?? 0);
  }

  /** Makes what came over the live way durable and says so, as a server does every second; it shows that it lives, too. */
  flush(): void {
    for (const connection of this.script.open) {
      connection.peer.text("ping");
      this.script.acknowledge(connection);
    }
  }

  /** Frames that nobody but the device has. */
  get missing(): number[] {
    const { live } = this;
    return [...this.kept].filter((frame) => !live.has(frame) && !this.completed.has(frame));
  }

  readonly #fetch: FetchLike = async (url, init) => {
    const { pathname } = new URL(url);
    // A dead process still has promises here; nobody hears its requests.
    if (this.client === undefined) throw new TypeError("nobody asks");
    const { limit } = this.client.sync.status;
    if (limit !== null && pathname !== "/v1/fair-use/status") this.broken.push(`${pathname} during a pause`);
    if (init.method !== "POST") return this.#ask(pathname);
    this.uploadRequests += 1;
    switch (this.mood) {
      case "gone":
        throw new TypeError("nobody there");
      case "busy":
        return answer(503, {}, { "x-omi-rate-limit-reason": "backfill_capacity", "retry-after": "300" });
      case "fair use":
        return answer(429, {}, { "x-omi-rate-limit-reason": "fair_use", "retry-after": "600" });
      case "signed out":
        return answer(401, {});
      case "down":
        return answer(502, undefined);
      case "well":
      case "failing job":
      case "lost answer":
        return await this.#take(init.body);
      default:
        return this.mood satisfies never;
    }
  };

  async #take(body: unknown): Promise<Response> {
    if (!(body instanceof FormData)) return answer(400, {});
    this.#reading += 1;
    const frames: number[] = [];
    try {
      for (const file of body.values()) {
        if (!(file instanceof File)) continue;
        const walk = readFrames(new Uint8Array(await file.arrayBuffer()));
        if (walk.damage !== undefined) this.broken.push(`${file.name} is damaged: ${walk.damage}`);
        frames.push(...walk.frames.map(numberOf));
      }
    } finally {
      this.#reading -= 1;
    }
    // The same bytes again are the same job.
    const key = frames.join();
    let id = this.#jobs.findIndex((job) => job.frames.join() === key && !(job.isDone && job.fails));
    if (id === -1) {
      id = this.#jobs.push({ frames, fails: this.mood === "failing job", isDone: false }) - 1;
      for (const frame of frames) this.uploaded.set(frame, (this.uploaded.get(frame) ?? 0) + 1);
    }
    if (this.mood === "lost answer") throw new TypeError("the connection broke after the bytes were taken");
    return answer(202, { job_id: `job-${id}`, status: "queued", poll_after_ms: 1_000 });
  }

  #ask(pathname: string): Response {
    if (pathname === "/v1/fair-use/status")
      return answer(200, { stage: this.mood === "fair use" ? "restrict" : "none" });
    if (this.mood === "gone") throw new TypeError("nobody there");
    const job = this.#jobs[Number(pathname.split("job-").at(-1))];
    if (job === undefined) return answer(404, {});
    job.isDone = true;
    if (job.fails) return answer(200, { status: "failed", reason_code: "stt_failed", total_segments: 1 });
    for (const frame of job.frames) this.completed.add(frame);
    const result = { new_memories: ["c"], updated_memories: [], failed_segments: 0, total_segments: 1, errors: [] };
    return answer(200, { status: "completed", total_segments: 1, failed_segments: 0, result });
  }
}

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const made = {
    ...{ status, ok: status < 300, headers: new Headers(headers) },
    text: async () => (body === undefined ? "<html>" : JSON.stringify(body)),
  };
  return made as unknown as Response;
}
