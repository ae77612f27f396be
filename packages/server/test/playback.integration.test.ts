/**
 * Listening to kept sound: the sample speech is recorded live, or uploaded and worked on by a real worker process, and exported
 * by a real pusher process; what the gateway then serves, whole and in ranges, is compared with what was said.
 */
import { decodeSoundFile } from "@holdfast/codecs";
import { recordingName, writeFrames } from "@holdfast/contract";
import {
  admitConversation,
  appendChunk,
  commitSegments,
  createConversation,
  listAudioFiles,
  openRecording,
} from "@holdfast/store";
import {
  JFK_PATH,
  jfkMessages,
  startRole,
  startScriptedOpenAi,
  startTestServer,
  type TestRole,
  type TestServer,
} from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { eventually } from "./support/wait.ts";

const USER = "alice";
const ID = "talk-1";
const TOKEN = "internal-token-of-the-test";
const GAP_MS = 600_000;
const ENOUGH = "Ask not what your country can do for you. I need to call Anna by Friday.";

let server: TestServer;
let gateway: TestGateway;
let pusher: TestRole;
let startedAtMs: number;

interface Urls {
  readonly audio_files: readonly {
    readonly id: string;
    readonly status: string;
    readonly signed_url: string | null;
    readonly duration: number;
  }[];
  readonly conversation_audio: {
    readonly status: string;
    readonly signed_url: string | null;
    readonly duration: number;
    readonly captured_duration: number;
    readonly spans: readonly {
      readonly file_id: string;
      readonly wall_offset: number;
      readonly artifact_offset: number;
      readonly len: number;
    }[];
  } | null;
  readonly poll_after_ms: number | null;
}

interface Uploaded {
  readonly status: string;
  readonly result?: { readonly new_memories?: readonly string[] };
}

/** An engine that hears one sentence, a second after the beginning. */
async function hearing(): Promise<{ readonly url: string } & AsyncDisposable> {
  const segments = [{ start: 1, end: 10, text: ENOUGH }];
  const engine = await startScriptedOpenAi(() => ({ body: { text: ENOUGH, segments } }));
  return { url: engine.url, [Symbol.asyncDispose]: () => engine.close() };
}

beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
  pusher = await startRole("pusher", {
    DATABASE_URL: gateway.databaseUrl,
    HOLDFAST_BLOBS: `file:${gateway.blobFolder}`,
    HOLDFAST_PUSHER_PORT: "0",
    HOLDFAST_INTERNAL_TOKEN: TOKEN,
  });
  startedAtMs = Date.now() - 3_600_000;
  expect(await (await gateway.ask("/v1/users/private-cloud-sync?value=true", { method: "POST" })).json()).toEqual({
    status: "ok",
  });
  await record(ID);
});
afterAll(async () => {
  await pusher?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** The speech twice, ten minutes apart, as one ended conversation. */
async function record(id: string): Promise<void> {
  const { db } = gateway;
  const where = { userId: USER, id, origin: "live", source: "omi", language: "en", externalData: null } as const;
  const whose = { clientDeviceId: null, clientPlatform: null, recordingSessionId: id, silenceTimeoutMs: 120_000 };
  await createConversation(db, { ...where, ...whose, startedAtMs, nowMs: startedAtMs });
  const nowMs = Date.now();
  const format = { codec: "opus", sampleRate: 16_000 };
  const hold = await openRecording(db, { userId: USER, id, ...format, language: "en", nowMs, leaseMs: 20_000 });
  const { messages, frameMs } = await jfkMessages("opus", 0);
  for (const [index, atMs] of [startedAtMs - 1_000, startedAtMs + GAP_MS].entries()) {
    const chunk = {
      ...{
        userId: USER,
        sessionId: id,
        epoch: hold.epoch,
        conversationId: id,
        ...format,
        layout: "linear8",
        channels: 1,
      },
      firstMessage: index * messages.length,
      messageCount: messages.length,
      durationMs: messages.length * frameMs,
      capturedAtMs: atMs,
      payload: writeFrames(messages),
    };
    await appendChunk(db, chunk, { nowMs, leaseMs: 20_000 });
  }
  const spoken = { id: `s-${id}`, text: ENOUGH, speaker: "SPEAKER_00", speaker_id: 0, is_user: false, person_id: null };
  const rest = { start: 0, end: 11, translations: [], speech_profile_processed: true, stt_provider: "test" };
  await commitSegments(db, {
    ...{ hold, conversationId: id, upserts: [{ ...spoken, ...rest }], deletedIds: [], nowMs, startedAtMs },
    watermark: { transcribedMessages: messages.length * 2 },
  });
  await db.updateTable("recording_sessions").set({ lease_until: null }).where("id", "=", id).execute();
  await admitConversation(db, { userId: USER, conversationId: id, trigger: "stop", force: true, nowMs });
}

const urls = async (): Promise<Urls> => (await (await gateway.ask(`/v1/sync/audio/${ID}/urls`)).json()) as Urls;
const cached = () =>
  eventually("the sound", async () => {
    const answer = await urls();
    return answer.conversation_audio?.status === "cached" ? answer : undefined;
  });
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const power = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
const speech = async () => (await decodeSoundFile(JFK_PATH)).samples16k;

describe("from nothing to sound", () => {
  it("is pending until a pusher made it, and says when to ask again", async () => {
    const seen = new Set<string>();
    const answer = await eventually("the sound", async () => {
      const now = await urls();
      const status = now.conversation_audio?.status ?? "none";
      if (status !== "cached") {
        if (status === "pending") expect(now.poll_after_ms).toBe(3_000);
        for (const file of now.audio_files) expect(file.signed_url === null).toBe(file.status !== "cached");
      }
      seen.add(status);
      return status === "cached" ? now : undefined;
    });
    expect([...seen].every((status) => ["none", "pending", "cached"].includes(status))).toBe(true);
    expect(answer.poll_after_ms).toBeNull();
    expect(answer.audio_files).toMatchObject([{ status: "cached" }, { status: "cached" }]);
  });

  it("is two parts, and one whole that maps them to the wall clock", async () => {
    const { audio_files: files, conversation_audio: whole } = await cached();
    const [first, second] = files;
    expect(Math.abs((first?.duration ?? 0) - 11)).toBeLessThan(0.1);
    expect(whole?.duration).toBeCloseTo((first?.duration ?? 0) + (second?.duration ?? 0), 6);
    expect(whole?.captured_duration).toBeCloseTo(whole?.duration ?? 0, 6);
    expect(whole?.spans).toEqual([
      { file_id: first?.id, wall_offset: -1, artifact_offset: 0, len: first?.duration },
      { file_id: second?.id, wall_offset: GAP_MS / 1000, artifact_offset: first?.duration, len: second?.duration },
    ]);
    const conversation = (await (await gateway.ask(`/v1/conversations/${ID}`)).json()) as Record<string, unknown>;
    expect(conversation.audio_files).toMatchObject([{ id: first?.id }, { id: second?.id }]);
    expect(conversation.conversation_audio).toMatchObject({ spans: whole?.spans, content_type: "audio/wav" });
  });

  it("can be prepared without asking for links", async () => {
    const response = await gateway.ask(`/v1/sync/audio/${ID}/precache`, { method: "POST" });
    expect(await response.json()).toEqual({ status: "started", audio_file_count: 2 });
  });
});

describe("a part", () => {
  const path = async (query = "") => `/v1/sync/audio/${ID}/${(await cached()).audio_files[0]?.id}${query}`;

  it("as WAV is the speech, as long and as loud", async () => {
    const response = await gateway.ask(await path());
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("audio/wav");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("content-disposition")).toMatch(
      new RegExp(`^attachment; filename="conversation_${ID}_audio_[0-9a-f-]+\\.wav"$`),
    );
    const file = await bytesOf(response);
    expect(Number(response.headers.get("content-length"))).toBe(file.length);
    const sound = await decodeSoundFile(file);
    const original = await speech();
    expect(sound.format).toMatch(/wave/i);
    expect(Math.abs(sound.samples16k.length - original.length)).toBeLessThanOrEqual(320);
    expect(power(sound.samples16k) / power(original)).toBeGreaterThan(0.6);
    expect(power(sound.samples16k) / power(original)).toBeLessThan(1.3);
  });

  it("as pcm is the same without the header", async () => {
    const wav = await bytesOf(await gateway.ask(await path()));
    const response = await gateway.ask(await path("?format=pcm"));
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect((await bytesOf(response)).equals(wav.subarray(44))).toBe(true);
  });

  it("is served by ranges that join to the whole", async () => {
    const whole = await bytesOf(await gateway.ask(await path()));
    const size = whole.length;
    const ranges: readonly (readonly [string, number, number])[] = [
      ["bytes=0-9", 0, 10],
      ["bytes=40-59", 40, 60],
      ["bytes=44-", 44, size],
      [`bytes=${size - 7}-`, size - 7, size],
      ["bytes=-1000", size - 1000, size],
      [`bytes=100000-${size + 5_000}`, 100_000, size],
      ["bytes=1-300000", 1, 300_001],
    ];
    for (const [range, start, end] of ranges) {
      const response = await gateway.ask(await path(), { headers: { range } });
      expect(response.status, range).toBe(206);
      expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(response.headers.get("content-length")).toBe(String(end - start));
      expect((await bytesOf(response)).equals(whole.subarray(start, end)), range).toBe(true);
    }
  });

  it.each(["bytes=99999999-", "bytes=5-4", "bytes=0-1,4-5", "bytes=x"])("refuses the range %s", async (range) => {
    const response = await gateway.ask(await path(), { headers: { range } });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toMatch(/^bytes \*\/\d+$/);
    await response.text();
  });

  it("says its length to HEAD and sends nothing", async () => {
    const whole = await bytesOf(await gateway.ask(await path()));
    const response = await gateway.ask(await path(), { method: "HEAD" });
    expect([response.status, response.headers.get("content-length")]).toEqual([200, String(whole.length)]);
    expect((await bytesOf(response)).length).toBe(0);
    const part = await gateway.ask(await path(), { method: "HEAD", headers: { range: "bytes=0-9" } });
    expect([part.status, part.headers.get("content-length")]).toEqual([206, "10"]);
  });

  it("that lost its samples is made again", async () => {
    const { db, blobs } = gateway;
    const [file] = await listAudioFiles(db, USER, ID);
    await blobs.removeAll(`${file?.blobKey.replace(/\.opus$/, ".pcm")}`);
    const url = await path();
    const response = await gateway.ask(url);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ status: "pending", poll_after_ms: 3_000 });
    await eventually("the sound again", async () => (await gateway.ask(url)).status === 200);
  });
});

describe("the whole", () => {
  it("is the parts one after the other, over the signed link and without a token", async () => {
    const { audio_files: files, conversation_audio: whole } = await cached();
    const parts = await Promise.all(
      files.map(async ({ id }) => await bytesOf(await gateway.ask(`/v1/sync/audio/${ID}/${id}?format=pcm`))),
    );
    const link = whole?.signed_url ?? "";
    expect(link.startsWith(gateway.url)).toBe(true);
    const response = await fetch(link);
    expect(response.status).toBe(200);
    const wav = await bytesOf(response);
    expect(wav.subarray(44).equals(Buffer.concat(parts))).toBe(true);
    const seam = 44 + (parts[0]?.length ?? 0);
    const across = await fetch(link, { headers: { range: `bytes=${seam - 100}-${seam + 99}` } });
    expect((await bytesOf(across)).equals(wav.subarray(seam - 100, seam + 100))).toBe(true);
  });

  it("over a link that was changed, or of an old secret, is refused", async () => {
    const { audio_files: files } = await cached();
    const link = files[0]?.signed_url ?? "";
    expect((await fetch(link)).status).toBe(200);
    for (const bad of [
      link.replace(/signature=./, "signature=_"),
      link.replace(/expires=\d/, "expires=9"),
      link.replace("/alice/", "/bob/"),
      link.replace(files[0]?.id ?? "", files[1]?.id ?? ""),
    ]) {
      expect((await fetch(bad)).status, bad).toBe(403);
    }
    expect((await fetch(link.replace(/\?.*/, ""))).status).toBe(422);
    await gateway.ask("/v1/users/developer/webhooks/secret", { method: "POST" });
    expect((await fetch(link)).status).toBe(403);
  });
});

describe("a recording that was uploaded", () => {
  it("is heard like a live one, and goes with its conversation", async () => {
    await using engine = await hearing();
    await using _ = await startRole("worker", {
      DATABASE_URL: gateway.databaseUrl,
      HOLDFAST_BLOBS: `file:${gateway.blobFolder}`,
      HOLDFAST_STT: `openai+${engine.url}`,
    });
    const { messages } = await jfkMessages("opus", 0);
    const atMs = Math.floor(Date.now() / 1_000) * 1_000 - 7_200_000;
    const device = { device: "test", codec: "opus", sampleRate: 16_000, frameSamples: 160 } as const;
    const form = new FormData();
    const file = new Blob([Buffer.from(writeFrames(messages))]);
    form.append("files", file, recordingName({ ...device, startedAtMs: atMs }));
    const accepted = await gateway.ask("/v2/sync-local-files", { method: "POST", body: form });
    expect(accepted.status).toBe(202);
    const { job_id: jobId } = (await accepted.json()) as { job_id: string };
    const id = await eventually("the end of the job", async () => {
      const job = (await (await gateway.ask(`/v2/sync-local-files/${jobId}`)).json()) as Uploaded;
      return job.status === "completed" ? job.result?.new_memories?.[0] : undefined;
    });
    const answer = await eventually("the sound", async () => {
      const now = (await (await gateway.ask(`/v1/sync/audio/${id}/urls`)).json()) as Urls;
      return now.conversation_audio?.status === "cached" ? now : undefined;
    });
    const [part, ...more] = answer.audio_files;
    expect(more).toEqual([]);
    // The first word began a second after the recording.
    expect(answer.conversation_audio?.spans).toMatchObject([
      { file_id: part?.id, wall_offset: -1, artifact_offset: 0 },
    ]);
    const prepared = await gateway.ask(`/v1/sync/audio/${id}/precache`, { method: "POST" });
    expect(await prepared.json()).toEqual({ status: "started", audio_file_count: 1 });
    const whole = await bytesOf(await fetch(answer.conversation_audio?.signed_url ?? ""));
    const { samples16k } = await decodeSoundFile(whole);
    const original = await speech();
    expect(Math.abs(samples16k.length - original.length)).toBeLessThanOrEqual(320);
    expect(power(samples16k) / power(original)).toBeGreaterThan(0.6);
    const range = await gateway.ask(`/v1/sync/audio/${id}/${part?.id}`, { headers: { range: "bytes=1000-1999" } });
    expect(range.status).toBe(206);
    expect((await bytesOf(range)).equals(whole.subarray(1_000, 2_000))).toBe(true);
    const ours = async () =>
      (await gateway.leftovers()).filter((path) => path.includes("uploads") || path.includes(part?.id ?? ""));
    await eventually("the bytes of the upload to go", async () =>
      (await ours()).every((path) => !path.includes("uploads")),
    );
    expect(await ours()).toHaveLength(2);
    await gateway.ask(`/v1/conversations/${id}?cascade=true`, { method: "DELETE" });
    await eventually("the sound to go", async () => (await ours()).length === 0);
  });
});

describe("who asks for what is not there", () => {
  it.each([
    ["/v1/sync/audio/unknown/urls", 404],
    ["/v1/sync/audio/unknown/precache", 404],
    ["/v1/sync/audio/unknown/conversation", 404],
    [`/v1/sync/audio/${ID}/nothing`, 404],
    [`/v1/sync/audio/${ID}/conversation?format=mp3`, 422],
  ])("%s is answered %i", async (path, status) => {
    const method = path.endsWith("precache") ? "POST" : "GET";
    expect((await gateway.ask(path, { method })).status).toBe(status);
  });

  it("another user's sound is unknown, a locked one costs", async () => {
    const { bob, db } = gateway;
    expect((await gateway.ask(`/v1/sync/audio/${ID}/urls`, { token: bob })).status).toBe(404);
    expect((await gateway.ask(`/v1/sync/audio/${ID}/urls`, { token: null })).status).toBe(401);
    await db.updateTable("conversations").set({ is_locked: true }).where("id", "=", ID).execute();
    expect((await gateway.ask(`/v1/sync/audio/${ID}/urls`)).status).toBe(402);
    expect((await gateway.ask(`/v1/sync/audio/${ID}/conversation`)).status).toBe(402);
    await db.updateTable("conversations").set({ is_locked: false }).where("id", "=", ID).execute();
  });

  it("a conversation of somebody who keeps no sound has none", async () => {
    await gateway.ask("/v1/users/private-cloud-sync?value=false", { method: "POST" });
    await record("talk-2");
    await eventually("the summary", async () => {
      const row = (await (await gateway.ask("/v1/conversations/talk-2")).json()) as { status: string };
      return row.status === "completed";
    });
    const answer = await (await gateway.ask("/v1/sync/audio/talk-2/urls")).json();
    expect(answer).toEqual({ audio_files: [], conversation_audio: null, poll_after_ms: null });
    const precached = await (await gateway.ask("/v1/sync/audio/talk-2/precache", { method: "POST" })).json();
    expect(precached).toMatchObject({ status: "no_audio" });
  });

  it("deletion takes the bytes too", async () => {
    expect((await gateway.leftovers()).some((path) => path.endsWith(".opus"))).toBe(true);
    await gateway.ask(`/v1/conversations/${ID}?cascade=true`, { method: "DELETE" });
    expect((await gateway.ask(`/v1/sync/audio/${ID}/conversation`)).status).toBe(404);
    await eventually("the bytes to go", async () => (await gateway.leftovers()).length === 0);
  });
});
