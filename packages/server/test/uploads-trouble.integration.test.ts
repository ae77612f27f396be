/** Uploads that do not end well: clients that go away, parts that are too large, disks and databases that fail. */
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { HoldfastError, SyncAccepted } from "@holdfast/contract";
import { type BlobStore, loadUploadFiles } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { BOUNDARY, MULTIPART_TYPE, multipartRequest, type Part, recording, wav } from "./support/multipart.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  gateway = await startTestGateway(server);
});
afterEach(async () => await gateway?.[Symbol.asyncDispose]());

const HOUR = 3_600_000;

async function accepted(response: Response): Promise<SyncAccepted> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(202);
  return SyncAccepted.strict().parse(body);
}

const upload = async (parts: readonly Part[]) =>
  await accepted(await gateway.ask("/v2/sync-local-files", multipartRequest(parts)));

const jobCount = async () => (await gateway.db.selectFrom("jobs").select("id").execute()).length;

describe("a client that goes away", () => {
  it("in the middle of a file leaves nothing behind", async () => {
    const head = [
      "POST /v2/sync-local-files HTTP/1.1",
      "Host: test",
      `Authorization: Bearer ${gateway.alice}`,
      `Content-Type: ${MULTIPART_TYPE}`,
      "Content-Length: 50000000",
      "",
      `--${BOUNDARY}`,
      `Content-Disposition: form-data; name="files"; filename="${recording(HOUR).fileName}"`,
      "Content-Type: application/octet-stream",
      "",
      "",
    ].join("\r\n");
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write(head);
    socket.write(Buffer.alloc(300_000, 1));
    const [staged = ""] = await eventually("the staged file", async () => {
      const files = await gateway.leftovers();
      return files.length === 1 && files;
    });
    await eventually("some bytes", async () => (await readFile(staged)).length > 100_000);
    socket.destroy();
    await eventually("an empty folder", async () => (await gateway.leftovers()).length === 0);
    expect(await jobCount()).toBe(0);
    expect((await upload([recording(HOUR)])).status).toBe("queued");
  });
});

describe("a part above the limit", () => {
  const LIMIT = 200 * 1024 * 1024;

  /** A request with one part of `size` zeros, made on the fly. */
  function zeros(size: number): RequestInit {
    const { fileName } = recording(HOUR);
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="${fileName}"\r\n\r\n`;
    const tail = `\r\n--${BOUNDARY}--\r\n`;
    const chunk = Buffer.alloc(1_048_576);
    let left = size;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => controller.enqueue(Buffer.from(head)),
        pull(controller) {
          if (left > 0) {
            controller.enqueue(chunk.subarray(0, Math.min(left, chunk.length)));
            left -= Math.min(left, chunk.length);
            return;
          }
          controller.enqueue(Buffer.from(tail));
          controller.close();
        },
      },
      { highWaterMark: 1 },
    );
    return { method: "POST", headers: { "content-type": MULTIPART_TYPE }, body, duplex: "half" } as RequestInit;
  }

  it("is refused naming the limit, is never held in memory, and leaves nothing", async () => {
    const before = process.memoryUsage();
    let most = 0;
    const watch = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage();
      most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
    }, 5);
    try {
      const answer = await gateway.ask("/v2/sync-local-files", zeros(LIMIT + 1));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ detail: "a file may not be larger than 204800 KB" });
    } finally {
      clearInterval(watch);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(80 * 1024 * 1024);
    expect(await gateway.leftovers()).toEqual([]);
    expect(await jobCount()).toBe(0);
  });

  it("is not refused at the limit", async () => {
    const answer = await accepted(await gateway.ask("/v2/sync-local-files", zeros(LIMIT)));
    expect(await loadUploadFiles(gateway.db, "alice", answer.job_id)).toMatchObject([{ bytes: LIMIT }]);
  });
});

describe("trouble on our side", () => {
  async function withBlobs(blobs: (real: BlobStore) => BlobStore) {
    await gateway[Symbol.asyncDispose]();
    gateway = await startTestGateway(server, { blobs });
  }

  it("a disk that fails while bytes get their place costs nothing but the upload", async () => {
    let commits = 0;
    await withBlobs((real) => ({
      ...real,
      commit: async (staged, key) => {
        commits += 1;
        if (commits === 2) throw Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
        await real.commit(staged, key);
      },
    }));
    const answer = await gateway.ask(
      "/v2/sync-local-files",
      multipartRequest([recording(HOUR, "a"), recording(2 * HOUR, "b")]),
    );
    expect([answer.status, await answer.json()]).toEqual([500, { detail: "internal error" }]);
    expect(await gateway.leftovers()).toEqual([]);
    expect(await jobCount()).toBe(0);
  });

  it("a full disk is a 503 that keeps the client's copy", async () => {
    await withBlobs((real) => ({
      ...real,
      stage: async (source) => {
        for await (const _chunk of source) break;
        throw new HoldfastError("there is no room left for recordings", {
          code: "storage_full",
          class: "capacity",
          retryAfterMs: 60_000,
        });
      },
    }));
    const answer = await gateway.ask("/v2/sync-local-files", multipartRequest([recording(HOUR)]));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("60");
    expect(answer.headers.get("x-omi-rate-limit-reason")).toBe("backfill_capacity");
    expect(await answer.json()).toEqual({ code: "backfill_capacity", detail: "there is no room left for recordings" });
    const own = await gateway.ask(
      "/v1/uploads",
      multipartRequest([{ field: "file", fileName: "a.wav", bytes: wav() }]),
    );
    expect(own.status).toBe(503);
    expect(await own.json()).toMatchObject({ code: "storage_full", class: "capacity", retry_after_ms: 60_000 });
  });

  it("a database that dies between the bytes and the job is found out about, and the upload succeeds or leaves nothing", async () => {
    let crashed = false;
    await withBlobs((real) => ({
      ...real,
      commit: async (staged, key) => {
        await real.commit(staged, key);
        if (!crashed) await server.crash();
        crashed = true;
      },
    }));
    const parts = [recording(HOUR)];
    const answer = await gateway.ask("/v2/sync-local-files", multipartRequest(parts));
    if (answer.status === 202) {
      expect(await jobCount()).toBe(1);
      return;
    }
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: "sync_dispatch_unavailable" });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await gateway.leftovers()).toEqual([]);
    expect((await upload(parts)).status).toBe("queued");
    expect(await gateway.leftovers()).toHaveLength(1);
  });
});
