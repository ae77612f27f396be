/**
 * What time alone does to a live session: silence ends a conversation, inactivity closes a socket, pings come. The gateway
 * runs in this process on a clock that is twenty times as fast; everything else is real.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, parseConfig } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { systemRandom } from "@holdfast/runtime";
import { createToken, openDirectoryBlobs } from "@holdfast/store";
import {
  fastClock,
  LiveClient,
  type ScriptedDeepgram,
  startScriptedDeepgram,
  startTestServer,
  type TestDatabase,
  type TestServer,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../../src/start-gateway.ts";

const FACTOR = 20;
let server: TestServer;
let database: TestDatabase;
let deepgram: ScriptedDeepgram;
let gateway: Gateway;
let token: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-time-"));
  server = await startTestServer();
  database = await server.database();
  deepgram = await startScriptedDeepgram({ transcripts: ["Hello."], finalSeconds: 1 });
  const clock = fastClock(FACTOR);
  token = await createToken(database.db, { userId: "u1", name: "test", nowMs: clock.now() });
  const config: Config = {
    ...parseConfig({ HOLDFAST_STT: `deepgram+${deepgram.url}` }),
    HOLDFAST_PORT: 0,
    HOLDFAST_HOST: "127.0.0.1",
  };
  const blobs = await openDirectoryBlobs(folder, clock.now());
  gateway = await startGateway({ db: database.db, blobs, config, clock, random: systemRandom, log: silentLog });
});
afterAll(async () => {
  await gateway.close();
  await deepgram.close();
  await database.db.destroy();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const listen = (): LiveClient =>
  new LiveClient(`ws://127.0.0.1:${gateway.port}/v4/listen?codec=pcm16&sample_rate=16000&language=en`, {
    authorization: `Bearer ${token}`,
  });

const sound = (seconds: number): Uint8Array[] => Array.from({ length: seconds * 50 }, () => new Uint8Array(640));

describe("time", () => {
  it("ends a conversation two minutes after the last word, and not before; silence alone extends nothing", async () => {
    await using client = await listen().ready();
    const started = Date.now();
    await client.play(sound(1), 1);
    await waitFor("the word", () => client.text === "Hello.");
    const spoken = Date.now();
    const filler = setInterval(() => client.socket.send(new Uint8Array(640)), 20);
    try {
      const begun = await client.event("memory_processing_started", () => true, 15_000);
      const silentMs = (Date.now() - spoken) * FACTOR;
      expect(silentMs).toBeGreaterThan(115_000);
      expect(silentMs).toBeLessThan(180_000);
      expect((Date.now() - started) * FACTOR).toBeGreaterThan(119_000);
      const next = await client.event(
        "conversation_session",
        (event) => event.conversation_id !== begun.conversation_id,
      );
      expect(next.status).toBe("in_progress");
    } finally {
      clearInterval(filler);
    }
    const [job] = await database.db.selectFrom("jobs").selectAll().execute();
    expect(job).toMatchObject({ kind: "finalization", state: "queued" });
  });

  it("ends what had gone silent when a client comes back, and tells that client", async () => {
    const first = await listen().ready();
    const left = String((await first.event("conversation_session")).conversation_id);
    const segment = { id: "s1", text: "Good day.", speaker: "SPEAKER_00", is_user: false, start: 0, end: 1 };
    const place = { user_id: "u1", conversation_id: left, id: segment.id, start_s: 0, end_s: 1, text: segment.text };
    await database.db
      .insertInto("segments")
      .values({ ...place, body: JSON.stringify(segment) })
      .execute();
    await first[Symbol.asyncDispose]();
    // Its conversation is past its silence, and no sweep has looked yet.
    await database.db
      .updateTable("conversations")
      .set({ finished_at: new Date(0) })
      .where("id", "=", left)
      .execute();
    await using back = await listen().ready();
    expect((await back.event("conversation_session")).conversation_id).not.toBe(left);
    expect((await back.event("memory_processing_started")).conversation_id).toBe(left);
  });

  it("removes an empty conversation instead of finishing it", async () => {
    await using client = await listen().ready();
    const first = (await client.event("conversation_session")).conversation_id;
    const alive = setInterval(() => client.socket.send(Uint8Array.from([0x8a, 0x00])), 400);
    try {
      await client.event("conversation_session", (event) => event.conversation_id !== first, 15_000);
    } finally {
      clearInterval(alive);
    }
    const rows = await database.db.selectFrom("conversations").select("id").where("id", "=", String(first)).execute();
    expect(rows).toEqual([]);
    expect(client.order).not.toContain("memory_processing_started");
  });

  it("pings every ten seconds and closes with 1001 after ninety silent ones", async () => {
    await using client = await listen().ready();
    const started = Date.now();
    const { code } = await client.ended(15_000);
    const waitedMs = (Date.now() - started) * FACTOR;
    expect(code).toBe(1001);
    expect(waitedMs).toBeGreaterThan(85_000);
    expect(waitedMs).toBeLessThan(125_000);
    const pings = client.order.filter((type) => type === "ping").length;
    expect(pings).toBeGreaterThanOrEqual(8);
    expect(pings).toBeLessThanOrEqual(13);
  });

  it("keeps a socket open that only answers pings, as real apps do", async () => {
    await using client = await listen().ready();
    const answer = setInterval(() => client.socket.send(Uint8Array.from([0x8a, 0x00])), 400);
    try {
      await waitFor("twelve pings", () => client.order.filter((type) => type === "ping").length > 12, 15_000);
      expect(client.closed).toBeUndefined();
    } finally {
      clearInterval(answer);
    }
  });
});
