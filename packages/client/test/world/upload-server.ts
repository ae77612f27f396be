/**
 * The upload half of a server that a test sets the mood of: it takes recordings of numbered frames and completes or fails their
 * jobs, tells to wait in every documented way, and remembers what a client asked in a pause, each pause as the server told it.
 */
import { readFrames } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { numberOf } from "../log/recordings.ts";
import type { Process } from "./process.ts";

export type UploadMood =
  | "well"
  | "gone"
  | "lost answer"
  | "signed out"
  | "down"
  | "failing job"
  | keyof typeof REFUSALS;

/** How a server tells a client to wait: status, reason and seconds, where it says them. */
const REFUSALS = {
  busy: { status: 503, reason: "backfill_capacity", retryAfter: 300 },
  "fair use": { status: 429, reason: "fair_use", retryAfter: 600 },
  "busy now": { status: 429, reason: "backfill_capacity", retryAfter: 60 },
  "no reason": { status: 429, reason: null, retryAfter: null },
  "fair use, some day": { status: 503, reason: "fair_use", retryAfter: null },
  unavailable: { status: 503, reason: null, retryAfter: 20 },
} as const;
/** The question whether a limit still stands; it is no request in a pause. */
export const FAIR_USE_STATUS = "/v1/fair-use/status";
/** What a client takes for the wish of a server that says none. */
const DEFAULT_PAUSE_MS = 1_800_000;

interface Job {
  readonly frames: readonly number[];
  readonly fails: boolean;
  isDone: boolean;
}

interface Pause {
  readonly untilMs: number;
  readonly process: Process;
}

export class UploadServer {
  mood: UploadMood = "well";
  validToken = "t";
  uploadRequests = 0;
  /** Frames by how often it took them. */
  readonly uploaded = new Map<number, number>();
  /** Frames of completed jobs. */
  readonly completed = new Set<number>();
  /** Frames by how many of their jobs it said to have failed for their content. */
  readonly failed = new Map<number, number>();
  /** What a client never does. */
  readonly broken: string[] = [];
  readonly #clock: Clock;
  readonly #endLive: (sessionId: string) => number | undefined;
  readonly #jobs: Job[] = [];
  readonly #pauses: { fairUse?: Pause | undefined; busy?: Pause | undefined } = {};
  #reading = 0;

  constructor(clock: Clock, endLive: (sessionId: string) => number | undefined) {
    this.#clock = clock;
    this.#endLive = endLive;
  }

  /** It waits for the machine itself. */
  get isReading(): boolean {
    return this.#reading > 0;
  }

  /** The program that was told to wait may not have written that down. */
  forgetPause(): void {
    this.#pauses.fairUse = undefined;
  }

  async answer(process: Process, url: string, init: RequestInit): Promise<Response> {
    const { pathname } = new URL(url);
    if (pathname !== FAIR_USE_STATUS) this.#checkPause(process, pathname);
    if (!isGiven(init, this.validToken)) return answer(401, {});
    if (init.method === "PUT") return this.#end(pathname.split("/").at(-2) ?? "");
    if (init.method !== "POST") return this.#ask(pathname);
    this.uploadRequests += 1;
    const { mood } = this;
    switch (mood) {
      case "gone":
        throw new TypeError("nobody there");
      case "signed out":
        return answer(401, {});
      case "down":
        return answer(502, undefined);
      case "well":
      case "failing job":
      case "lost answer":
        return await this.#take(init.body);
      default:
        return this.#refuse(process, REFUSALS[mood]);
    }
  }

  #end(sessionId: string): Response {
    if (this.mood === "gone") throw new TypeError("nobody there");
    if (this.mood === "signed out") return answer(401, {});
    if (this.mood === "down") return answer(502, undefined);
    const messages = this.#endLive(sessionId);
    if (messages === undefined) return answer(404, {});
    return answer(200, { recording_session_id: sessionId, durable_messages: messages, conversation_id: null });
  }

  #checkPause(process: Process, pathname: string): void {
    const { fairUse, busy } = this.#pauses;
    const nowMs = this.#clock.now();
    // A limit of fair use is written down; a busy server is asked anew by a program that begins anew.
    const isEarly = (fairUse?.untilMs ?? 0) > nowMs || (busy?.process === process && busy.untilMs > nowMs);
    if (isEarly) this.broken.push(`${pathname} before the server wanted to be asked`);
  }

  #refuse(process: Process, { status, reason, retryAfter }: (typeof REFUSALS)[keyof typeof REFUSALS]): Response {
    const pause = {
      untilMs: this.#clock.now() + (retryAfter === null ? DEFAULT_PAUSE_MS : retryAfter * 1_000),
      process,
    };
    if (reason === "fair_use") this.#pauses.fairUse = pause;
    else if (status === 429 || reason !== null) this.#pauses.busy = pause;
    return answer(
      status,
      {},
      {
        ...(reason === null ? {} : { "x-omi-rate-limit-reason": reason }),
        ...(retryAfter === null ? {} : { "retry-after": String(retryAfter) }),
      },
    );
  }

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
    if (pathname === FAIR_USE_STATUS) {
      const isRestricted = this.mood.startsWith("fair use");
      if (!isRestricted) this.#pauses.fairUse = undefined;
      return answer(200, { stage: isRestricted ? "restrict" : "none" });
    }
    if (this.mood === "gone") throw new TypeError("nobody there");
    const job = this.#jobs[Number(pathname.split("job-").at(-1))];
    if (job === undefined) return answer(404, {});
    const isNews = !job.isDone;
    job.isDone = true;
    if (job.fails) {
      for (const frame of isNews ? job.frames : []) this.failed.set(frame, (this.failed.get(frame) ?? 0) + 1);
      return answer(200, { status: "failed", reason_code: "stt_failed", total_segments: 1 });
    }
    for (const frame of job.frames) this.completed.add(frame);
    const result = { new_memories: ["c"], updated_memories: [], failed_segments: 0, total_segments: 1, errors: [] };
    return answer(200, { status: "completed", total_segments: 1, failed_segments: 0, result });
  }
}

function isGiven({ headers }: RequestInit, token: string): boolean {
  return new Headers(headers).get("authorization") === `Bearer ${token}`;
}

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const made = {
    ...{ status, ok: status < 300, headers: new Headers(headers) },
    text: async () => (body === undefined ? "<html>" : JSON.stringify(body)),
  };
  return made as unknown as Response;
}
