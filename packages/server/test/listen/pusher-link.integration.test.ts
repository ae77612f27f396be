/**
 * Links over real sockets to the real pusher process and its database: killed, stopped without an end, and refusing everybody.
 * Minutes of waiting pass in seconds, on a clock that runs faster than the wall.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessResult } from "@holdfast/contract";
import { systemRandom } from "@holdfast/runtime";
import { admitConversation, commitSegments, createConversation, type Db, openRecording } from "@holdfast/store";
import {
  fastClock,
  freePort,
  startRole,
  startTestServer,
  type TestRole,
  type TestServer,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PusherLink } from "../../src/listen/pusher-link.ts";
import { createPusherLinks, type PusherLinks } from "../../src/listen/pusher-links.ts";
import { collectingLog, type LogLine, spokenSegment } from "./link-network.ts";

const USER = "u1";
const TOKEN = "internal-token-of-a-test";
const FASTER = 30;

const cleanup: (() => unknown)[] = [];
let server: TestServer;
let folder: string;
beforeAll(async () => {
  [server, folder] = await Promise.all([startTestServer(), mkdtemp(join(tmpdir(), "holdfast-link-"))]);
});
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Setup {
  readonly db: Db;
  readonly links: PusherLinks;
  readonly lines: readonly LogLine[];
  readonly results: ProcessResult[];
  startPusher(): Promise<TestRole>;
  open(): PusherLink;
}

async function setup(options: { readonly audioTimeline?: boolean } = {}): Promise<Setup> {
  const database = await server.database();
  cleanup.push(() => database.db.destroy());
  const port = await freePort();
  const lines: LogLine[] = [];
  const results: ProcessResult[] = [];
  const log = collectingLog(lines);
  const links = createPusherLinks({
    url: `http://127.0.0.1:${port}`,
    token: TOKEN,
    clock: fastClock(FASTER),
    random: systemRandom,
    log,
    ...options,
  });
  return {
    db: database.db,
    links,
    lines,
    results,
    async startPusher() {
      const role = await startRole("pusher", {
        DATABASE_URL: database.url,
        HOLDFAST_DATA: folder,
        HOLDFAST_PUSHER_PORT: String(port),
        HOLDFAST_INTERNAL_TOKEN: TOKEN,
      });
      cleanup.push(() => role[Symbol.asyncDispose]());
      return role;
    },
    open() {
      const link = links.open({
        userId: USER,
        codec: "opus_fs320",
        sampleRate: 16_000,
        layout: () => "linear8",
        log,
        onResult: (result) => results.push(result),
      });
      cleanup.push(() => link.close());
      return link;
    },
  };
}

/** A conversation in which something was said, ended; and the nudge for it. */
async function finished(db: Db, id: string): Promise<Parameters<PusherLink["process"]>> {
  const nowMs = Date.now();
  const recordingSessionId = `r-${id}`;
  await createConversation(db, {
    userId: USER,
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId,
    silenceTimeoutMs: 120_000,
    startedAtMs: nowMs,
    nowMs,
  });
  const format = { codec: "opus", sampleRate: 16_000, language: "en", leaseMs: 20_000 } as const;
  const hold = await openRecording(db, { userId: USER, id: recordingSessionId, ...format, nowMs });
  await commitSegments(db, {
    hold,
    conversationId: id,
    upserts: [spokenSegment(`s-${id}`)],
    deletedIds: [],
    watermark: { transcribedMessages: 0 },
    nowMs,
  });
  const request = { userId: USER, conversationId: id, trigger: "stop", force: true, nowMs } as const;
  const admitted = await admitConversation(db, request);
  if (admitted.outcome !== "admitted") throw new Error(`not admitted: ${admitted.outcome}`);
  const { jobId, generation, state } = admitted.ticket;
  const job = { finalization_job_id: jobId, dispatch_generation: generation };
  return [{ conversation_id: id, language: "en", byok_keys: {}, ...job }, state];
}

describe("a link to a real pusher", () => {
  it("gets an answer for every conversation that was finished before, while and after the pusher was dead", async () => {
    const { db, links, lines, results, startPusher, open } = await setup();
    const link = open();
    link.process(...(await finished(db, "before")));
    const pusher = await startPusher();
    await waitFor("the first answer", () => results.length === 1);
    await pusher.kill();
    await waitFor("the link to notice", () => !link.connected);
    for (const id of ["a", "b", "c"]) link.process(...(await finished(db, id)));
    expect(links.figures().pending).toBe(3);
    await startPusher();
    await waitFor("all answers", () => links.figures().pending === 0);
    link.process(...(await finished(db, "after")));
    await waitFor("the last answer", () => results.length === 5);
    expect(results.map(({ conversation_id }) => conversation_id).sort()).toEqual(["a", "after", "b", "before", "c"]);
    expect(results.every(({ success }) => success)).toBe(true);
    const rows = await db.selectFrom("conversations").select(["id", "status", "finalization_revision"]).execute();
    expect(rows.map(({ status }) => status)).toEqual(Array.from(rows, () => "completed"));
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["pusher_link_lost", "pusher_link_recovered"]),
    );
  });

  it("has its audio timeline confirmed, each time anew, and so no sound is withheld", async () => {
    const { links, lines, startPusher, open } = await setup({ audioTimeline: true });
    const pusher = await startPusher();
    const link = open();
    await waitFor("the link", () => link.connected);
    await pusher.kill();
    await waitFor("the link to notice", () => !link.connected);
    await startPusher();
    await waitFor("the link again", () => link.connected);
    expect(links.figures()).toMatchObject({ reconnects: 1, dropped: { audioBytes: 0 } });
    expect(lines.filter(({ event }) => event === "pusher_link_sound_withheld")).toEqual([]);
  });

  it("to one that is stopped without an end costs the sessions nothing, and everything follows when it goes on", async () => {
    const { db, links, results, startPusher, open } = await setup();
    const pusher = await startPusher();
    const all = Array.from({ length: 20 }, open);
    await waitFor("all links", () => links.figures().links.connected === 20);
    process.kill(pusher.pid, "SIGSTOP");
    cleanup.push(() => process.kill(pusher.pid, "SIGCONT"));
    const [first, second] = await Promise.all([finished(db, "a"), finished(db, "b")]);
    let worstMs = 0;
    for (let round = 0; round < 40; round += 1) {
      const startedMs = performance.now();
      for (const link of all) link.transcript("c", [spokenSegment(String(round))]);
      worstMs = Math.max(worstMs, performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(worstMs).toBeLessThan(50);
    all[0]?.process(...first);
    await waitFor("the links to find out", () => links.figures().links.connected === 0, 15_000);
    all[1]?.process(...second);
    expect(links.figures().pending).toBe(2);
    process.kill(pusher.pid, "SIGCONT");
    await waitFor("the answers", () => results.filter(({ success }) => success).length >= 2, 15_000);
    expect(links.figures()).toMatchObject({ pending: 0, overflows: 0, dropped: { segments: 0 } });
  });

  it("that refuses many sessions opens the circuit for all; one asks, then all are back", async () => {
    const { links, lines, startPusher, open } = await setup();
    for (let i = 0; i < 60; i += 1) open();
    await waitFor("the circuit to open", () => links.figures().breaker === "open");
    await waitFor("everybody to rest", () => links.figures().links.degraded === 60);
    await startPusher();
    await waitFor("everybody to be back", () => links.figures().links.connected === 60, 15_000);
    expect(links.figures().breaker).toBe("closed");
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["pusher_breaker_opened", "pusher_breaker_half_open", "pusher_breaker_closed"]),
    );
  });
});
