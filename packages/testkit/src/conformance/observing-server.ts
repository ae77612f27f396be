/** A server on a real socket that answers uploads as a script says, and remembers what a client asked of it, and when. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  /** Milliseconds since the server began. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  /** Uploaded files by the digest of their bytes. */
  readonly files: readonly string[];
  /** The same clock; undefined while it is not answered. */
  answeredMs: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
  /** The answer takes so long. */
  readonly afterMs?: number;
}

export interface Script {
  /** `nth` counts from 0. */
  upload(nth: number, asked: Asked): Answer;
  /** A question about a job; `nth` counts from 0. */
  job?(id: string, nth: number): Answer;
  fairUse?(asked: Asked): Answer;
}

export class ObservingServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  url = "";
  readonly #script: Script;
  readonly #server = createServer((request, response) => {
    const answered = this.#answer(request).then(async ({ asked, answer }) => {
      if (answer.afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.afterMs));
      asked.answeredMs = this.nowMs;
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(JSON.stringify(answer.body));
    });
    // A client that is closed breaks off what it was sending.
    answered.catch(() => response.destroy());
  });
  readonly #beganMs = performance.now();

  private constructor(script: Script) {
    this.#script = script;
  }

  static async start(script: Script): Promise<ObservingServer> {
    const server = new ObservingServer(script);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  get nowMs(): number {
    return performance.now() - this.#beganMs;
  }

  get uploads(): readonly Asked[] {
    return this.asked.filter(isUpload);
  }

  /** Every request with its time, for a report. */
  get story(): string {
    return (
      this.asked.map(({ atMs, method, path }) => `${Math.round(atMs)} ms ${method} ${path}`).join(", ") || "nothing"
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<{ asked: Asked; answer: Answer }> {
    const atMs = this.nowMs;
    const { pathname: path } = new URL(request.url ?? "/", "http://localhost");
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const files = await digests(request.headers["content-type"], Buffer.concat(parts));
    const asked: Asked = { atMs, method: request.method ?? "", path, files, answeredMs: undefined };
    this.asked.push(asked);
    return { asked, answer: this.#scripted(asked) };
  }

  #scripted(asked: Asked): Answer {
    if (isUpload(asked)) return this.#script.upload(this.uploads.length - 1, asked);
    const job = /^\/v2\/sync-local-files\/(.+)$/.exec(asked.path)?.[1];
    const nth = this.asked.filter(({ path }) => path === asked.path).length - 1;
    if (job !== undefined && asked.method === "GET") return this.#script.job?.(job, nth) ?? COMPLETED;
    if (asked.path === "/v1/fair-use/status")
      return this.#script.fairUse?.(asked) ?? { status: 200, body: { stage: "none" } };
    return { status: 404, body: { detail: "Not Found" } };
  }
}

const isUpload = ({ method, path }: Asked): boolean => method === "POST" && path === "/v2/sync-local-files";

/** Job `n` for the upload that was the n-th. */
export const accepted = (nth: number): Answer => ({
  status: 202,
  body: { job_id: `job-${nth}`, status: "queued", total_files: 1, total_segments: 0, poll_after_ms: 100 },
});

const RESULT = { new_memories: ["c-1"], updated_memories: [], failed_segments: 0, total_segments: 1, errors: [] };

const COMPLETED: Answer = {
  status: 200,
  body: {
    job_id: "j",
    status: "completed",
    total_segments: 1,
    processed_segments: 1,
    failed_segments: 0,
    result: RESULT,
  },
};

export const failedJob = (more: object): Answer => ({
  status: 200,
  body: { job_id: "j", status: "failed", total_segments: 0, processed_segments: 0, failed_segments: 0, ...more },
});

async function digests(type: string | undefined, body: Buffer<ArrayBuffer>): Promise<string[]> {
  if (type?.startsWith("multipart/") !== true) return [];
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const files = form.getAll("files").filter((part) => typeof part !== "string");
  return await Promise.all(
    files.map(async (file) =>
      createHash("sha256")
        .update(await file.bytes())
        .digest("hex"),
    ),
  );
}
