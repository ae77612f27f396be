/** What a session asks the database beside the sound: whether its conversations are done, and whether anybody wants its sound. */
import type { Conversation } from "@holdfast/contract";
import { silentLog } from "@holdfast/core";
import { createConversation, type Db, enableWebhook, setWebhook } from "@holdfast/store";
import { startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Completions, watchCompletions } from "../../src/listen/completions.ts";
import { watchWanted } from "../../src/listen/pusher-link-wanted.ts";
import { type VirtualClock, virtualClock } from "./link-network.ts";

let server: TestServer;
let db: Db;
let clock: VirtualClock;
let completions: Completions;
let looks: number;
const completed: Conversation[] = [];
const dropped: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

beforeEach(async () => {
  ({ db } = await server.database());
  clock = virtualClock();
  looks = 0;
  completed.length = 0;
  dropped.length = 0;
  const counting = new Proxy(db, {
    get(target, key) {
      if (key === "selectFrom") looks += 1;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  completions = watchCompletions({
    db: counting,
    userId: "u1",
    clock,
    log: silentLog,
    onCompleted: (conversation) => completed.push(conversation),
    onDropped: (id) => dropped.push(id),
  });
});
afterEach(async () => {
  completions.close();
  await db.destroy();
});

async function conversation(id: string, status: "processing" | "completed"): Promise<void> {
  await createConversation(db, {
    userId: "u1",
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: `r-${id}`,
    silenceTimeoutMs: 120_000,
    startedAtMs: clock.now(),
    nowMs: clock.now(),
  });
  await setStatus(id, status);
}

async function setStatus(id: string, status: string): Promise<void> {
  await db.updateTable("conversations").set({ status }).where("id", "=", id).execute();
}

/** Lets a second pass and the question that it may cause be answered. */
async function second(): Promise<void> {
  clock.advance(1_000);
  await db.selectNoFrom((eb) => eb.val(1).as("one")).execute();
  await new Promise((resolve) => setTimeout(resolve, 3));
}

it("hears of work that anybody did, once", async () => {
  await conversation("a", "processing");
  completions.expect("a");
  completions.expect("a");
  await second();
  expect(completed).toEqual([]);
  await setStatus("a", "completed");
  await second();
  await waitFor("the news", () => completed.length > 0);
  completions.check("a");
  await second();
  expect(completed.map(({ id }) => id)).toEqual(["a"]);
  expect(clock.timers).toBe(0);
});

it("looks at once when somebody says so, also while it is looking", async () => {
  await conversation("a", "completed");
  completions.expect("a");
  completions.check("a");
  completions.check("a");
  completions.check("stranger");
  await waitFor("the news", () => completed.length > 0);
  await second();
  expect([completed.length, dropped]).toEqual([1, []]);
});

it("does not miss news that comes while a look is under way, however seldom it looks by then", async () => {
  await conversation("a", "processing");
  completions.expect("a");
  clock.advance(600_000);
  await second();
  // This look may read the row before or after it changes; the next tick reads it again.
  completions.check("a");
  const changed = setStatus("a", "completed");
  completions.check("a");
  await changed;
  await second();
  await waitFor("the news", () => completed.length > 0);
});

it("gives up on what failed, was removed, or never was", async () => {
  await conversation("a", "processing");
  completions.expect("a");
  completions.expect("b");
  await setStatus("a", "failed");
  await second();
  await waitFor("both", () => dropped.length === 2);
  expect(dropped.sort()).toEqual(["a", "b"]);
});

it("asks each second at first, then less and less, and never while nothing is expected", async () => {
  expect(clock.timers).toBe(0);
  await conversation("a", "processing");
  completions.expect("a");
  for (let i = 0; i < 4; i += 1) await second();
  expect(looks).toBe(4);
  for (let i = 4; i < 60; i += 1) await second();
  expect(looks).toBeLessThan(25);
  looks = 0;
  for (let i = 0; i < 60; i += 1) await second();
  expect(looks).toBe(6);
  completions.close();
  expect(clock.timers).toBe(0);
});

it("learns within half a minute that somebody began, or ceased, to want the sound", async () => {
  const wanted = watchWanted({ db, userId: "u1", clock, log: silentLog });
  await second();
  expect(wanted()).toBe(false);
  const webhook = { type: "audio_bytes", url: "https://example.com/sound", everySeconds: 5 } as const;
  await setWebhook(db, "u1", webhook, clock.now());
  await enableWebhook(db, "u1", "audio_bytes", true, clock.now());
  expect(wanted()).toBe(false);
  clock.advance(30_000);
  await waitFor("the wish", wanted);
  await enableWebhook(db, "u1", "audio_bytes", false, clock.now());
  expect(wanted()).toBe(true);
  clock.advance(30_000);
  await waitFor("its end", () => !wanted());
  // A look-up that fails changes nothing.
  await enableWebhook(db, "u1", "audio_bytes", true, clock.now());
  clock.advance(30_000);
  await waitFor("the wish again", wanted);
  await db.destroy();
  clock.advance(30_000);
  wanted();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(wanted()).toBe(true);
});
