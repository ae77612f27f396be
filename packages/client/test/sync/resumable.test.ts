import { describe, expect, test } from "vitest";
import { type Answer, type Asked, job } from "./scripted-server.ts";
import { MINUTE, SECOND, stage } from "./stage.ts";

const CHUNK = 1_048_576;

/** The little of tus that the real route answers, with faults that a test plants. */
class TusServer {
  readonly uploads = new Map<string, { readonly length: number; offset: number }>();
  /** Bytes that came, counted as often as they came. */
  received = 0;
  fault: (asked: Asked) => Answer | "cut" | undefined = () => undefined;

  readonly script = (asked: Asked): Answer | undefined => {
    const fault = this.fault(asked);
    if (fault !== undefined && fault !== "cut") return fault;
    if (asked.method === "OPTIONS") {
      return { status: 204, headers: { "tus-version": "1.0.0", "tus-extension": "creation,checksum" } };
    }
    if (asked.method === "POST" && asked.path === "/v2/uploads") {
      const id = `u${this.uploads.size}`;
      this.uploads.set(id, { length: Number(asked.headers["upload-length"]), offset: 0 });
      return { status: 201, headers: { location: `http://elsewhere/v2/uploads/${id}`, "upload-offset": "0" } };
    }
    if (asked.path.startsWith("/v2/sync-local-files/")) return job("queued");
    const upload = this.uploads.get(asked.path.slice("/v2/uploads/".length));
    if (upload === undefined) return { status: 404 };
    if (asked.method === "PATCH") {
      if (Number(asked.headers["upload-offset"]) !== upload.offset) return { status: 409 };
      this.received += asked.bytes;
      upload.offset += fault === "cut" ? Math.floor(asked.bytes / 2) : asked.bytes;
      if (fault === "cut") return undefined;
    }
    const isWhole = upload.offset === upload.length;
    const headers = { "upload-offset": String(upload.offset), ...(isWhole ? { "holdfast-job": "job-1" } : {}) };
    return { status: asked.method === "HEAD" ? 200 : 204, headers };
  };
}

describe("a recording that is larger than a chunk", () => {
  test("goes chunk by chunk and ends in a job", async () => {
    const tus = new TusServer();
    const { engine, log, clock, server } = stage(tus.script);
    log.add("a", { bytes: 3 * CHUNK + 7, conversationId: "c-1" });
    engine.start();
    await clock.advance(0);
    expect(log.get("a")).toMatchObject({ status: "uploaded", jobId: "job-1" });
    expect(server.asked.map(({ method, bytes }) => [method, bytes])).toEqual([
      ["OPTIONS", 0],
      ["POST", 0],
      ["PATCH", CHUNK],
      ["PATCH", CHUNK],
      ["PATCH", CHUNK],
      ["PATCH", 7],
    ]);
    const metadata = server.asked[1]?.headers["upload-metadata"];
    expect(metadata).toBe(`filename ${btoa("a_1.bin")},conversation_id ${btoa("c-1")}`);
    expect(log.notes.size).toBe(0);
  });

  test("after an interruption and after the end of the program sends at most one chunk again", async () => {
    const tus = new TusServer();
    let patches = 0;
    tus.fault = ({ method }) => (method === "PATCH" && ++patches === 3 ? "cut" : undefined);
    const first = stage(tus.script);
    first.log.add("a", { bytes: 5 * CHUNK });
    first.engine.start();
    await first.clock.advance(0);
    expect(first.log.get("a")).toMatchObject({ status: "miss", reason: "unreachable", attempts: 0 });
    const { engine, clock, log } = await first.restart();
    engine.start();
    await clock.advance(0);
    expect(log.get("a").status).toBe("uploaded");
    expect(tus.uploads.size).toBe(1);
    expect(tus.received - 5 * CHUNK).toBeLessThanOrEqual(CHUNK);
  });

  test("leaves nothing behind when its recording is removed", async () => {
    const tus = new TusServer();
    tus.fault = ({ method }) => (method === "PATCH" ? "cut" : undefined);
    const { engine, log, clock } = stage(tus.script);
    log.add("a", { bytes: 2 * CHUNK });
    engine.start();
    await clock.advance(0);
    expect(log.notes.size).toBe(1);
    await engine.remove(["a"]);
    expect(log.notes.size).toBe(0);
  });

  test("begins anew where the server has forgotten it, and asks where a conflict leaves it", async () => {
    const tus = new TusServer();
    const { engine, log, clock } = stage(tus.script);
    log.add("a", { bytes: 2 * CHUNK });
    let answers: Answer[] = [{ status: 409 }, { status: 423 }, { status: 460 }];
    tus.fault = ({ method }) => (method === "PATCH" ? answers.shift() : undefined);
    engine.start();
    await clock.advance(MINUTE);
    expect(log.get("a")).toMatchObject({ status: "uploaded", attempts: 0 });
    log.add("b", { bytes: 2 * CHUNK });
    answers = [{ status: 404 }];
    engine.syncNow();
    await clock.advance(0);
    tus.uploads.clear();
    await clock.advance(MINUTE);
    expect(log.get("b")).toMatchObject({ status: "uploaded", attempts: 0 });
  });

  test("meets the same refusals as every upload", async () => {
    const tus = new TusServer();
    const { engine, log, clock, server } = stage(tus.script);
    log.add("a", { bytes: 2 * CHUNK });
    tus.fault = ({ method }) =>
      method === "PATCH"
        ? { status: 429, headers: { "retry-after": "600", "x-omi-rate-limit-reason": "fair_use" } }
        : undefined;
    engine.start();
    await clock.advance(9 * MINUTE);
    expect(engine.status.limit).toMatchObject({ reason: "fair_use" });
    expect(server.asked).toHaveLength(3);
    tus.fault = ({ method }) =>
      method === "POST" ? { status: 422, body: { code: "backfill_lookback_exceeded" } } : undefined;
  });

  test("goes by the ordinary route where the server speaks no tus, and asks it that once", async () => {
    const { engine, log, clock, server } = stage(({ method }) =>
      method === "OPTIONS"
        ? { status: 405 }
        : method === "POST"
          ? { status: 202, body: { job_id: "j" } }
          : job("queued"),
    );
    log.add("a", { bytes: 2 * CHUNK });
    log.add("b", { bytes: 2 * CHUNK });
    log.add("small");
    engine.start();
    await clock.advance(SECOND);
    expect(server.asked.filter(({ method }) => method === "OPTIONS")).toHaveLength(1);
    expect(server.uploads.map(({ path, files }) => [path, files.length])).toEqual([
      ["/v2/sync-local-files", 1],
      ["/v2/sync-local-files", 1],
      ["/v2/sync-local-files", 1],
    ]);
  });
});
