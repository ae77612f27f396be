/** Resumable uploads against a real gateway, database and folder: the protocol, and that they end in the job of any upload. */
import { connect } from "node:net";
import { ResumableUpload, SyncJobView } from "@holdfast/contract";
import { claimJob, completeJob, loadUploadFiles } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { multipartRequest, recording } from "./support/multipart.ts";
import { checksum, jobOf, locationOf, metadata, offsetOf, tusClient } from "./support/tus.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
let gateway: TestGateway;
let tus: ReturnType<typeof tusClient>;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  gateway = await startTestGateway(server);
  tus = tusClient((path, init) => gateway.ask(path, init));
});
afterEach(async () => await gateway?.[Symbol.asyncDispose]());

const HOUR = 3_600_000;
const part = (content = "a", ageMs = HOUR) => {
  const { fileName, bytes } = recording(ageMs, content);
  return { name: fileName ?? "", bytes: Buffer.from(bytes) };
};

const jobCount = async () => (await gateway.db.selectFrom("jobs").select("id").execute()).length;
const rowCount = async () => (await gateway.db.selectFrom("resumable_uploads").select("id").execute()).length;

async function begun(content = "a") {
  const file = part(content);
  const created = await tus.create(file.bytes.length, { filename: file.name });
  expect(created.status).toBe(201);
  return { ...file, url: locationOf(created) };
}

async function stored(jobId: string | null) {
  const files = await loadUploadFiles(gateway.db, "alice", jobId ?? "");
  return await Promise.all(files.map(async ({ blobKey }) => Buffer.from(await gateway.blobs.read(blobKey)).toString()));
}

describe("an upload in steps", () => {
  it("tells the offset after each, and ends in a job with every byte", async () => {
    const { bytes, name, url } = await begun();
    const middle = Math.floor(bytes.length / 2);
    const first = await tus.patch(url, 0, bytes.subarray(0, middle));
    expect([first.status, offsetOf(first), jobOf(first)]).toEqual([204, middle, null]);
    expect(Date.parse(first.headers.get("upload-expires") ?? "")).toBeGreaterThan(Date.now() + 24 * HOUR);
    const asked = await tus.head(url);
    expect([asked.status, offsetOf(asked)]).toEqual([200, middle]);
    expect(asked.headers.get("upload-length")).toBe(String(bytes.length));
    expect(asked.headers.get("cache-control")).toBe("no-store");
    expect(asked.headers.get("upload-metadata")).toBe(metadata({ filename: name }));
    expect(await jobCount()).toBe(0);
    const last = await tus.patch(url, middle, bytes.subarray(middle));
    expect([last.status, offsetOf(last)]).toEqual([204, bytes.length]);
    expect(await stored(jobOf(last))).toEqual([bytes.toString()]);
    const job = SyncJobView.parse(await (await gateway.ask(`/v2/sync-local-files/${jobOf(last)}`)).json());
    expect(job).toMatchObject({ status: "queued", lane: "fresh" });
    expect(ResumableUpload.parse((await tus.look(url)).body)).toMatchObject({
      offset: bytes.length,
      job: { job_id: jobOf(last), status: "queued", total_files: 1, poll_after_ms: 3000 },
    });
    expect(await gateway.leftovers()).toHaveLength(1);
  });

  it("is known to multipart by its content, and the other way round", async () => {
    const { bytes, url, name } = await begun();
    const jobId = jobOf(await tus.patch(url, 0, bytes));
    const again = await gateway.ask(
      "/v2/sync-local-files",
      multipartRequest([{ field: "files", fileName: name, bytes }]),
    );
    expect(await again.json()).toMatchObject({ job_id: jobId, status: "queued" });
    const created = await tus.create(bytes.length, { filename: name });
    expect(jobOf(await tus.patch(locationOf(created), 0, bytes))).toBe(jobId);
    expect(await gateway.leftovers()).toHaveLength(1);
    const claimed = await claimJob(gateway.db, ["sync"], { owner: "w", nowMs: Date.now(), leaseMs: 60_000 });
    if (claimed === undefined) throw new Error("no job");
    await completeJob(gateway.db, claimed, { outcome: "completed", result: { total_segments: 3 }, nowMs: Date.now() });
    const third = locationOf(await tus.create(bytes.length, { filename: name }));
    await tus.patch(third, 0, bytes);
    expect((await tus.look(third)).body).toMatchObject({
      job: { job_id: jobId, status: "completed", total_segments: 3, poll_after_ms: 0 },
    });
  });

  it("may bring its bytes with its creation, or have none", async () => {
    const file = part();
    const headers = { "content-type": "application/offset+octet-stream" };
    const fields = { "upload-length": String(file.bytes.length), "upload-metadata": metadata({ filename: file.name }) };
    const whole = await tus.call("POST", "/v2/uploads", { ...headers, ...fields }, file.bytes);
    expect([whole.status, offsetOf(whole)]).toEqual([201, file.bytes.length]);
    expect(await stored(jobOf(whole))).toEqual([file.bytes.toString()]);
    const wrong = { "upload-checksum": checksum("other bytes") };
    const refused = await tus.call("POST", "/v2/uploads", { ...headers, ...fields, ...wrong }, file.bytes);
    expect([refused.status, locationOf(refused), await rowCount()]).toEqual([460, "", 1]);
    const empty = await tus.create(0, { filename: part("none", 2 * HOUR).name });
    expect([empty.status, offsetOf(empty)]).toEqual([201, 0]);
    expect(await stored(jobOf(empty))).toEqual([""]);
    expect(await gateway.leftovers()).toHaveLength(2);
  });

  it("carries what multipart carries in its query", async () => {
    const id = "0f6c1c1e-8f3b-4d5a-9a51-3b2f1d0c9e8a";
    const file = part();
    const fields = {
      filename: file.name,
      conversation_id: id,
      recording_session_id: id,
      audio_start_seconds: "1.5",
      geolocation: '{"latitude":1,"longitude":2}',
    };
    const device = { "x-app-platform": "ios", "x-device-id-hash": "abcd1234" };
    const created = await tus.create(file.bytes.length, fields, device);
    const jobId = jobOf(await tus.patch(locationOf(created), 0, file.bytes)) ?? "";
    const row = await gateway.db.selectFrom("jobs").selectAll().where("id", "=", jobId).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ conversation_id: id, lane: "fresh" });
    expect(row.payload).toMatchObject({
      kind: "omi",
      client_device_id: "ios_abcd1234",
      target_conversation_id: id,
      target_recording_session_id: id,
      audio_start_seconds: 1.5,
      geolocation: { latitude: 1, longitude: 2 },
      capture_time_trust: "legacy",
    });
  });
});

describe("several files of a batch", () => {
  const batch = { batch: "b-1", batch_files: "3" };
  const files = ["x", "y", "z"].map((content, at) => part(content, HOUR + at * 60_000));

  async function create(at: number, rest: Record<string, string> = batch) {
    const file = files[at];
    if (file === undefined) throw new Error("no such file");
    const created = await tus.create(file.bytes.length, { filename: file.name, ...rest });
    return { created, url: locationOf(created), bytes: file.bytes };
  }

  it("end in one job when the last byte of the last one is there", async () => {
    const uploads = [await create(0), await create(1), await create(2)];
    const [x, y, z] = uploads;
    if (x === undefined || y === undefined || z === undefined) throw new Error("three were begun");
    expect(jobOf(await tus.patch(y.url, 0, y.bytes))).toBeNull();
    expect(jobOf(await tus.patch(x.url, 0, x.bytes))).toBeNull();
    expect(await jobCount()).toBe(0);
    const jobId = jobOf(await tus.patch(z.url, 0, z.bytes));
    expect((await stored(jobId)).sort()).toEqual(files.map(({ bytes }) => bytes.toString()).sort());
    for (const { url } of uploads) expect(jobOf(await tus.head(url))).toBe(jobId);
    expect((await tus.look(x.url)).body).toMatchObject({ job: { job_id: jobId, total_files: 3 } });
    expect(await gateway.leftovers()).toHaveLength(3);
  });

  it("end in one job when their last bytes arrive at the same moment", async () => {
    const uploads = [await create(0), await create(1), await create(2)];
    const answers = await Promise.all(uploads.map(({ url, bytes }) => tus.patch(url, 0, bytes)));
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
    const jobs = await Promise.all(uploads.map(async ({ url }) => jobOf(await tus.head(url))));
    expect(new Set(jobs).size).toBe(1);
    expect(await jobCount()).toBe(1);
    expect(await stored(jobs[0] ?? null)).toHaveLength(3);
    expect(await gateway.leftovers()).toHaveLength(3);
  });

  it("are begun anew by name, and refused beyond their number", async () => {
    const lost = await create(0);
    await tus.patch(lost.url, 0, lost.bytes.subarray(0, 3));
    const again = await create(0);
    expect(again.created.status).toBe(201);
    expect((await tus.head(lost.url)).status).toBe(404);
    await create(1);
    expect((await create(2, { batch: "b-1", batch_files: "4" })).created.status).toBe(409);
    await create(2);
    const fourth = part("w", 5 * HOUR);
    expect((await tus.create(1, { filename: fourth.name, ...batch })).status).toBe(409);
    expect(
      (
        await tusClient((path, init) => gateway.ask(path, init), gateway.bob).create(1, {
          filename: fourth.name,
          ...batch,
        })
      ).status,
    ).toBe(201);
  });
});

describe("what is wrong", () => {
  it("is refused with the status of the protocol, and changes nothing", async () => {
    const { bytes, url, name } = await begun();
    await tus.patch(url, 0, bytes.subarray(0, 4));
    const rest = bytes.subarray(4);
    const status = async (answer: Promise<{ status: number }>) => (await answer).status;
    expect(await status(tus.patch(url, 0, rest))).toBe(409);
    expect(await status(tus.patch(url, 5, rest))).toBe(409);
    expect(await status(tus.patch(url, 4, Buffer.concat([rest, rest])))).toBe(413);
    expect(await status(tus.patch(url, 4, rest, { "content-type": "application/json" }))).toBe(415);
    expect(await status(tus.patch(url, 4, rest, { "upload-offset": "four" }))).toBe(400);
    expect(await status(tus.patch(url, 4, rest, { "upload-checksum": "md5 AAAA" }))).toBe(400);
    expect(await status(tus.patch(url, 4, rest, { "upload-checksum": checksum("x") }))).toBe(460);
    expect(await status(tus.patch(url, 4, rest, { "upload-checksum": checksum("x", "sha1") }))).toBe(460);
    const version = await tus.patch(url, 4, rest, { "tus-resumable": "0.2.0" });
    expect([version.status, version.headers.get("tus-version")]).toEqual([412, "1.0.0"]);
    expect(offsetOf(await tus.head(url))).toBe(4);
    for (const id of ["00000000-0000-4000-8000-000000000000", "nothing"]) {
      expect(await status(tus.patch(`/v2/uploads/${id}`, 0, "x"))).toBe(404);
      expect(await status(tus.head(`/v2/uploads/${id}`))).toBe(404);
      expect(await status(tus.remove(`/v2/uploads/${id}`))).toBe(404);
    }
    const right = { "upload-checksum": checksum(rest, "sha1") };
    expect(await stored(jobOf(await tus.patch(url, 4, rest, right)))).toEqual([bytes.toString()]);
    const creations: readonly [number, Record<string, string>, Record<string, string>][] = [
      [400, {}, {}],
      [400, { filename: "../x_1.bin" }, {}],
      [400, { filename: "a_1.bin" }, {}],
      [400, { filename: name, batch: "b" }, {}],
      [400, { filename: name, batch: "../b", batch_files: "2" }, {}],
      [400, { filename: name, batch: "b", batch_files: "0" }, {}],
      [400, { filename: name }, { "upload-length": "-1" }],
      [400, { filename: name }, { "upload-metadata": "filename not+base64!" }],
      [400, { filename: name }, { "upload-metadata": "a YQ==,a YQ==" }],
      [413, { filename: name }, { "upload-length": String(200 * 1024 * 1024 + 1) }],
      [422, { filename: part("a", 31 * 24 * HOUR).name }, {}],
    ];
    for (const [expected, fields, headers] of creations) {
      const answer = await tus.create(5, fields, headers);
      expect([answer.status, answer.headers.get("tus-resumable")], JSON.stringify([fields, headers])).toEqual([
        expected,
        "1.0.0",
      ]);
    }
    expect((await tus.call("POST", "/v2/uploads", { "upload-defer-length": "1" })).status).toBe(400);
    expect(await rowCount()).toBe(1);
    expect(await gateway.leftovers()).toHaveLength(1);
  });

  it("is what belongs to another user, and what nobody signed in for", async () => {
    const { bytes, url } = await begun();
    const bob = tusClient((path, init) => gateway.ask(path, init), gateway.bob);
    expect((await bob.patch(url, 0, bytes)).status).toBe(404);
    expect((await bob.head(url)).status).toBe(404);
    expect((await bob.look(url)).status).toBe(404);
    expect((await bob.remove(url)).status).toBe(404);
    const anonymous = await gateway.ask(url, { method: "HEAD", token: null, headers: { "tus-resumable": "1.0.0" } });
    expect(anonymous.status).toBe(401);
    expect(offsetOf(await tus.head(url))).toBe(0);
  });
});

it("OPTIONS says what is spoken, and a method may come in a header", async () => {
  const options = await gateway.ask("/v2/uploads", { method: "OPTIONS" });
  expect(options.status).toBe(204);
  expect(Object.fromEntries(options.headers)).toMatchObject({
    "tus-resumable": "1.0.0",
    "tus-version": "1.0.0",
    "tus-extension": "creation,creation-with-upload,checksum,expiration,termination",
    "tus-checksum-algorithm": "sha1,sha256",
    "tus-max-size": String(200 * 1024 * 1024),
  });
  const { bytes, url } = await begun();
  const override = { "x-http-method-override": "PATCH", "content-type": "application/offset+octet-stream" };
  const patched = await tus.call("POST", url, { ...override, "upload-offset": "0" }, bytes.subarray(0, 2));
  expect([patched.status, offsetOf(patched)]).toEqual([204, 2]);
  expect((await tus.call("POST", url, { "x-http-method-override": "DELETE" })).status).toBe(204);
  expect((await tus.call("POST", url, {})).status).toBe(404);
});

it("an upload that is given up is gone with its bytes, and a job keeps its own", async () => {
  const first = await begun();
  await tus.patch(first.url, 0, first.bytes.subarray(0, 3));
  expect(await gateway.leftovers()).toHaveLength(1);
  expect((await tus.remove(first.url)).status).toBe(204);
  expect([(await tus.head(first.url)).status, await gateway.leftovers(), await rowCount()]).toEqual([404, [], 0]);
  const second = await begun();
  const jobId = jobOf(await tus.patch(second.url, 0, second.bytes));
  expect((await tus.remove(second.url)).status).toBe(204);
  expect(await stored(jobId)).toEqual([second.bytes.toString()]);
});

describe("a client that goes away in the middle", () => {
  const size = 3_000_000;
  const body = Buffer.alloc(size, "0123456789");

  /** Sends the head of a PATCH and some of its bytes on a connection of its own. */
  function halfSent(url: string, bytes: Uint8Array, headers: Record<string, string> = {}) {
    const all = {
      Host: "test",
      Authorization: `Bearer ${gateway.alice}`,
      "Tus-Resumable": "1.0.0",
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": "0",
      "Content-Length": String(size),
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`PATCH ${url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.write(bytes);
    return socket;
  }

  async function started() {
    const { name } = part();
    return locationOf(await tus.create(size, { filename: name }));
  }

  const arrived = (bytes: number) => async () => {
    const sizes = await Promise.all(
      (await gateway.leftovers()).map(async (path) => (await import("node:fs/promises")).stat(path)),
    );
    return sizes.some((info) => info.size >= bytes);
  };

  it("keeps what it sent, and goes on from there", async () => {
    const url = await started();
    const socket = halfSent(url, body.subarray(0, 2_000_000));
    await eventually("bytes on disk", arrived(1_000_000));
    socket.destroy();
    const offset = await eventually("the offset", async () => {
      const answer = await tus.look(url);
      return ResumableUpload.parse(answer.body).offset || undefined;
    });
    expect(offset).toBeGreaterThanOrEqual(1_000_000);
    expect(offsetOf(await tus.head(url))).toBe(offset);
    const last = await tus.patch(url, offset, body.subarray(offset));
    expect(await stored(jobOf(last))).toEqual([body.toString()]);
  });

  it("is ended by the same client on another connection, which then finds a firm offset", async () => {
    const url = await started();
    const stale = halfSent(url, body.subarray(0, 2_000_000));
    await eventually("bytes on disk", arrived(1_000_000));
    const closed = new Promise((resolve) => stale.once("close", resolve));
    const offset = offsetOf(await tus.head(url));
    expect(offset).toBeGreaterThanOrEqual(1_000_000);
    await closed;
    const last = await tus.patch(url, offset, body.subarray(offset));
    expect(await stored(jobOf(last))).toEqual([body.toString()]);
  });

  it("keeps nothing of bytes whose checksum could not be looked at", async () => {
    const url = await started();
    const socket = halfSent(url, body.subarray(0, 2_000_000), { "Upload-Checksum": checksum(body) });
    await eventually("bytes on disk", arrived(1_000_000));
    socket.destroy();
    expect(offsetOf(await tus.head(url))).toBe(0);
    const last = await tus.patch(url, 0, body, { "upload-checksum": checksum(body) });
    expect(await stored(jobOf(last))).toEqual([body.toString()]);
  });
});
