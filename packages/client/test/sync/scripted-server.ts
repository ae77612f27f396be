/** A server that answers as a test says, and remembers every request with its time. */
import type { Clock } from "@holdfast/core";
import type { FetchLike } from "../../src/index.ts";

export interface Asked {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names of uploaded files. */
  readonly files: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `undefined` is no answer at all: the connection breaks. */
export type Script = (asked: Asked) => Answer | undefined | Promise<Answer | undefined>;

export class ScriptedServer {
  readonly asked: Asked[] = [];
  /** Sessions whose live way was ended. Most servers know nothing of it. */
  readonly ended: Asked[] = [];
  endLive: Script = () => ({ status: 404 });
  script: Script;
  readonly #clock: Clock;

  constructor(clock: Clock, script: Script) {
    this.#clock = clock;
    this.script = script;
  }

  get uploads(): Asked[] {
    return this.asked.filter(({ method, path }) => method === "POST" && path !== "/v2/uploads");
  }

  get polls(): Asked[] {
    return this.asked.filter(({ path }) => path.startsWith("/v2/sync-local-files/"));
  }

  readonly fetch: FetchLike = async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    const { body } = init;
    const form = body instanceof FormData ? [...body.values()].filter((value) => value instanceof File) : [];
    const asked: Asked = {
      atMs: this.#clock.now(),
      method: init.method ?? "GET",
      path: pathname,
      query: searchParams,
      files: form.map(({ name }) => name),
      headers: init.headers as Record<string, string>,
      bytes: body instanceof Blob ? body.size : form.reduce((sum, { size }) => sum + size, 0),
    };
    const isEnd = pathname.startsWith("/v1/recording-sessions/");
    (isEnd ? this.ended : this.asked).push(asked);
    const answer = await (isEnd ? this.endLive : this.script)(asked);
    if (answer === undefined) throw new TypeError("the connection broke");
    if (init.signal?.aborted === true) throw new DOMException("aborted", "AbortError");
    return answerOf(answer);
  };
}

/** Only what the client reads, so that reading it takes no turn of the real event loop. */
function answerOf({ status, headers, body }: Answer): Response {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const answer = {
    ...{ status, ok: status >= 200 && status < 300 },
    headers: new Headers(headers),
    text: async () => text,
  };
  return answer as unknown as Response;
}

export const accepted = (jobId: string, more: object = {}): Answer => ({
  status: 202,
  body: { job_id: jobId, status: "queued", total_files: 1, total_segments: 0, ...more },
});

export const job = (status: string, more: object = {}): Answer => ({
  status: 200,
  body: { job_id: "j", status, total_segments: 2, processed_segments: 1, failed_segments: 0, ...more },
});

export const completed = (created: readonly string[] = ["c-1"]): Answer =>
  job("completed", {
    result: { new_memories: created, updated_memories: [], failed_segments: 0, total_segments: 2, errors: [] },
  });

export const limited = (reason: string | null, retryAfter: string | null = "600", status = 429): Answer => ({
  status,
  headers: {
    ...(reason === null ? {} : { "x-omi-rate-limit-reason": reason }),
    ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
  },
  body: { detail: "wait" },
});
