/** Resumable uploads that meet trouble: a gateway killed in the middle, a full disk at every call, clients that never return. */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, RESUMABLE, ResumableUpload } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { createToken, findResumable, loadUploadFiles, openDirectoryBlobs } from "@holdfast/store";
import { FailingDisk, startRole, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uploadKeys } from "../src/uploads/keys.ts";
import { sweepResumables } from "../src/uploads/resumable/sweep.ts";
import type { UploadContext } from "../src/uploads/routes.ts";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { recording } from "./support/multipart.ts";
import { jobOf, locationOf, offsetOf, tusClient } from "./support/tus.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

const HOUR = 3_600_000;
const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function part(content: string, ageMs = HOUR) {
  const { fileName, bytes } = recording(ageMs, content);
  return { filename: fileName ?? "", bytes: Buffer.from(bytes) };
}

describe("a gateway that is killed in the middle", () => {
  it("is followed by one that goes on at exactly the offset that was told", async () => {
    await using database = await server.database();
    const folder = await mkdtemp(join(tmpdir(), "holdfast-killed-"));
    const token = await createToken(database.db, { userId: "alice", name: "test", nowMs: Date.now() });
    const settings = {
      DATABASE_URL: database.url,
      HOLDFAST_DATA: folder,
      HOLDFAST_PORT: "0",
      HOLDFAST_HOST: "127.0.0.1",
      HOLDFAST_INTERNAL_TOKEN: "test",
      HOLDFAST_LOG_LEVEL: "error",
    };
    let port = 0;
    const tus = tusClient((path, { token: _, headers, ...init } = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...headers },
      }),
    );
    const body = Buffer.alloc(3 * RESUMABLE.checkpointBytes);
    for (let at = 0; at < body.length; at += 4) body.writeUInt32LE(at, at);
    try {
      let told = 0;
      let url = "";
      {
        await using gateway = await startRole("server", settings);
        port = gateway.port;
        url = locationOf(await tus.create(body.length, { filename: part("x").filename }));
        expect(offsetOf(await tus.patch(url, 0, body.subarray(0, MIB)))).toBe(MIB);
        const sending = sendPart(port, token, url, MIB, body.subarray(MIB, body.length - MIB), body.length - MIB);
        told = await eventually("a checkpoint", async () => {
          const { offset } = ResumableUpload.parse((await tus.look(url)).body);
          return offset > MIB && offset;
        });
        await gateway.kill();
        sending.destroy();
      }
      await using again = await startRole("server", settings);
      port = again.port;
      const row = await findResumable(database.db, "alice", url.split("/").at(-1) ?? "");
      const offset = offsetOf(await tus.head(url));
      expect(offset).toBe(row?.received);
      expect(offset).toBeGreaterThanOrEqual(told);
      expect(offset).toBeLessThanOrEqual(body.length - MIB);
      const middle = await tus.patch(url, offset, body.subarray(offset, body.length - 10));
      expect([middle.status, offsetOf(middle)]).toEqual([204, body.length - 10]);
      const last = await tus.patch(url, body.length - 10, body.subarray(body.length - 10));
      const blobs = await openDirectoryBlobs(join(folder, "blobs"), Date.now());
      const [file, ...more] = await loadUploadFiles(database.db, "alice", jobOf(last) ?? "");
      expect(more).toEqual([]);
      expect(file).toMatchObject({ bytes: body.length, sha256: sha256(body) });
      expect(Buffer.from(await blobs.read(file?.blobKey ?? "")).equals(body)).toBe(true);
      expect(await blobs.list("resumable")).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** A PATCH that promises more bytes than it sends and stays open. */
function sendPart(port: number, token: string, path: string, offset: number, bytes: Uint8Array, end: number) {
  const headers = {
    authorization: `Bearer ${token}`,
    "tus-resumable": "1.0.0",
    "content-type": "application/offset+octet-stream",
    "upload-offset": String(offset),
    "content-length": String(end - offset),
  };
  const request = httpRequest({ port, host: "127.0.0.1", path, method: "PATCH", headers });
  request.on("error", () => {});
  request.write(bytes);
  return request;
}

describe("a full disk", () => {
  it("is a 503 at every call, after which the upload goes on and loses nothing", async () => {
    const disk = new FailingDisk();
    await using gateway = await startTestGateway(server, { files: disk.files });
    const tus = tusClient((path, init) => gateway.ask(path, init));
    let calls = 0;
    for (let at = 1; at <= calls + 1; at += 1) {
      const { filename, bytes } = part(`content ${at}`, HOUR + at * 1_000);
      const url = locationOf(await tus.create(bytes.length, { filename }));
      const half = Math.floor(bytes.length / 2);
      disk.arm(at);
      const answers = [await tus.patch(url, 0, bytes.subarray(0, half))];
      if (answers[0]?.status === 204) answers.push(await tus.patch(url, half, bytes.subarray(half)));
      calls = Math.max(calls, disk.calls);
      const refused = answers.at(-1);
      if (disk.calls >= at) {
        expect([refused?.status, refused?.body], `call ${at}`).toMatchObject([503, { code: "storage_full" }]);
        expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
      }
      disk.arm();
      const offset = offsetOf(await tus.head(url));
      const last = offset === bytes.length ? await tus.head(url) : await tus.patch(url, offset, bytes.subarray(offset));
      const jobId = jobOf(last) ?? "";
      const [file] = await loadUploadFiles(gateway.db, "alice", jobId);
      expect(file?.sha256, `call ${at}`).toBe(sha256(bytes));
      expect(Buffer.from(await gateway.blobs.read(file?.blobKey ?? "")).equals(bytes)).toBe(true);
      expect(await gateway.leftovers()).toHaveLength(at);
    }
    expect(calls).toBeGreaterThanOrEqual(10);
  });
});

describe("what no client comes back for", () => {
  /** As the gateway has it, at another time. */
  function contextAt(gateway: TestGateway, nowMs: number): UploadContext {
    const clock = { ...systemClock, now: () => nowMs };
    const parts = { db: gateway.db, blobs: gateway.blobs, clock, random: systemRandom, log: silentLog };
    return {
      ...parts,
      config: parseConfig({}),
      draining: new AbortController().signal,
      uploadKeys: uploadKeys(parts),
    } as unknown as UploadContext;
  }
  const jobs = async (gateway: TestGateway) => (await gateway.db.selectFrom("jobs").select("id").execute()).length;

  it("becomes a job where it is whole, and goes with its bytes where it is not", async () => {
    await using gateway = await startTestGateway(server);
    const tus = tusClient((path, init) => gateway.ask(path, init));
    const begin = async (content: string, ageMs: number, rest: Record<string, string> = {}) => {
      const { filename, bytes } = part(content, ageMs);
      return { bytes, url: locationOf(await tus.create(bytes.length, { filename, ...rest })) };
    };
    // Whole, but its last step failed.
    const whole = await begin("whole", HOUR);
    const linked = gateway.blobs.link;
    Object.assign(gateway.blobs, { link: async () => await Promise.reject(new Error("killed")) });
    expect((await tus.patch(whole.url, 0, whole.bytes)).status).toBe(500);
    expect((await tus.head(whole.url)).status).toBe(500);
    Object.assign(gateway.blobs, { link: linked });
    const batch = { batch: "b", batch_files: "3" };
    const first = await begin("first", 2 * HOUR, batch);
    await tus.patch(first.url, 0, first.bytes);
    const half = await begin("half", 3 * HOUR, batch);
    await tus.patch(half.url, 0, half.bytes.subarray(0, 3));
    expect([await jobs(gateway), (await gateway.leftovers()).length]).toEqual([0, 3]);

    await sweepResumables(contextAt(gateway, Date.now()));
    expect(await jobs(gateway)).toBe(1);
    expect(jobOf(await tus.head(whole.url))).not.toBeNull();
    expect(jobOf(await tus.head(first.url))).toBeNull();

    const later = contextAt(gateway, Date.now() + RESUMABLE.expireMs + 1);
    await sweepResumables(later);
    expect(await jobs(gateway)).toBe(2);
    expect(await gateway.leftovers()).toHaveLength(2);
    expect((await tus.head(half.url)).status).toBe(404);
    await sweepResumables(later);
    expect(await gateway.db.selectFrom("resumable_uploads").select("id").execute()).toEqual([]);
    expect([await jobs(gateway), (await gateway.leftovers()).length]).toEqual([2, 2]);
  });

  it("is gone for its client as soon as it expired, also before the sweep", async () => {
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    await using gateway = await startTestGateway(server, { clock });
    const tus = tusClient((path, init) => gateway.ask(path, init));
    const { filename, bytes } = part("late");
    const url = locationOf(await tus.create(bytes.length, { filename }));
    await tus.patch(url, 0, bytes.subarray(0, 3));
    ahead = RESUMABLE.expireMs + 1;
    expect((await tus.head(url)).status).toBe(410);
    expect((await tus.patch(url, 3, bytes.subarray(3))).status).toBe(410);
    const folder = await mkdtemp(join(gateway.blobFolder, "objects/resumable/"));
    await sweepResumables(contextAt(gateway, Date.now() + ahead));
    expect((await tus.head(url)).status).toBe(404);
    expect(await gateway.leftovers()).toEqual([]);
    // A folder whose name is no upload's is nobody's to remove.
    await rm(folder, { recursive: true });
  });
});
