/** Offline speech in conversations: what joins, what stays apart, and what goes where a client says. On a real PostgreSQL. */
import {
  completeUpload,
  type Db,
  deleteConversation,
  type Job,
  loadConversation,
  setStarred,
  setTitle,
  setVisibility,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { T0 } from "../seed.ts";
import { leasedJob, liveConversation, pieceIdOf, putPiece, told } from "./world.ts";

let server: TestServer;
let db: Db;
let job: Job;
/** Each test is a user of its own. */
let user = "";
let users = 0;
beforeAll(async () => {
  server = await startTestServer();
  db = (await server.database()).db;
});
afterAll(async () => {
  await db.destroy();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  users += 1;
  user = `user-${users}`;
  job = await leasedJob(db, user);
});

const said = (start: number, end: number, text?: string) =>
  text === undefined ? { start, end } : { start, end, text };
const put = (...args: Parameters<typeof putPiece> extends [Db, Job, ...infer Rest] ? Rest : never) =>
  putPiece(db, job, ...args);
const row = (id: string) =>
  db.selectFrom("conversations").selectAll().where("user_id", "=", user).where("id", "=", id).executeTakeFirstOrThrow();
const texts = async (): Promise<string[][]> =>
  (await told(db, user)).map((conversation) => conversation.said.map(([, text]) => text));

describe("by time", () => {
  it("joins at 119 s, splits at 120 s, across jobs and in any order of arrival", async () => {
    await put([said(129, 140)]);
    job = await leasedJob(db, user);
    await put([said(0, 10)]);
    job = await leasedJob(db, user);
    await put([said(260, 270)]);
    expect(await told(db, user)).toMatchObject([
      {
        start: 0,
        end: 140,
        said: [
          [0, "Words at 0."],
          [129, "Words at 129."],
        ],
      },
      { start: 260, end: 270, said: [[260, "Words at 260."]] },
    ]);
  });

  it("what lies between two makes one of them; the first stays, the other says where it went", async () => {
    const first = (await put([said(0, 10)])).created[0] ?? "";
    const third = (await put([said(200, 210)])).created[0] ?? "";
    const touched = await put([said(100, 110)]);
    expect(touched).toEqual({ created: [], updated: [first], merged: [third] });
    expect(await told(db, user)).toMatchObject([
      {
        id: first,
        start: 0,
        end: 210,
        said: [
          [0, expect.anything()],
          [100, expect.anything()],
          [200, "Words at 200."],
        ],
      },
    ]);
    expect(await row(third)).toMatchObject({ sync_merged_into: first, deleted_at: T0, sync_content_revision: 2 });
    expect(await row(first)).toMatchObject({ sync_content_revision: 2, sync_merged_into: null });
    const conversation = await loadConversation(db, user, first);
    expect(conversation?.transcript_segments.map(({ start, end }) => [start, end])).toEqual([
      [0, 10],
      [100, 110],
      [200, 210],
    ]);
  });

  it("chains: a survivor of one merge becomes part of an earlier one", async () => {
    const late = (await put([said(400, 410)])).created[0] ?? "";
    const middle = (await put([said(200, 210)])).created[0] ?? "";
    expect(await put([said(300, 310)])).toMatchObject({ updated: [middle], merged: [late] });
    const early = (await put([said(0, 10)])).created[0] ?? "";
    expect(await put([said(100, 110)])).toMatchObject({ updated: [early], merged: [middle] });
    expect(await told(db, user)).toMatchObject([{ id: early, start: 0, end: 410 }]);
    const known = await put([said(400, 410)]);
    expect(known).toEqual({ created: [], updated: [early], merged: [] });
  });

  it("keeps sources, devices and locked recordings apart, and an unknown device too", async () => {
    await put([said(0, 10, "omi")]);
    await put([said(12, 20, "phone")], { source: "phone" });
    await put([said(14, 22, "device")], { clientDeviceId: "ios_1" });
    await put([said(16, 24, "locked")], { isLocked: true });
    await put([said(18, 26, "same device")], { clientDeviceId: "ios_1" });
    expect(await texts()).toEqual([["omi"], ["phone"], ["device", "same device"], ["locked"]]);
    expect((await told(db, user)).length).toBe(4);
    const locked = (await told(db, user)).at(-1);
    expect(await row(locked?.id ?? "")).toMatchObject({ is_locked: true, origin: "sync" });
  });

  it("moves what was drawn from a conversation along with its words", async () => {
    await put([said(0, 10)]);
    const second = (await put([said(200, 210)])).created[0] ?? "";
    const now = new Date(T0);
    await db
      .insertInto("memories")
      .values({
        user_id: user,
        id: "m1",
        conversation_id: second,
        content: "x",
        category: "system",
        tags: "[]",
        created_at: now,
        updated_at: now,
      })
      .execute();
    const { updated } = await put([said(100, 110)]);
    const memory = await db.selectFrom("memories").selectAll().where("user_id", "=", user).executeTakeFirstOrThrow();
    expect(memory.conversation_id).toBe(updated[0]);
  });
});

describe("what a person took in hand", () => {
  const hands: [string, (id: string) => Promise<unknown>][] = [
    ["a star", (id) => setStarred(db, user, id, true, T0)],
    ["a title", (id) => setTitle(db, user, id, "Mine", T0)],
    ["a share", (id) => setVisibility(db, user, id, "shared", T0)],
    [
      "a picture",
      (id) =>
        db
          .insertInto("photos")
          .values({
            user_id: user,
            conversation_id: id,
            id: pieceIdOf(user, []),
            content_type: "image/png",
            bytes: Buffer.of(1),
            description: null,
            created_at: new Date(T0),
          })
          .execute(),
    ],
  ];
  it.each(hands)("is not merged by itself: %s", async (_, touch) => {
    const own = (await put([said(0, 10)])).created[0] ?? "";
    await touch(own);
    const { created } = await put([said(20, 30)]);
    expect(created).toHaveLength(1);
    expect(await told(db, user)).toMatchObject([
      { id: own, end: 10 },
      { id: created[0], start: 20 },
    ]);
    expect(await put([said(0, 10)])).toEqual({ created: [], updated: [own], merged: [] });
  });

  it("joins its neighbours once it is let go: what is in reach brings what is in its own reach", async () => {
    const own = (await put([said(0, 10)])).created[0] ?? "";
    await setStarred(db, user, own, true, T0);
    const next = (await put([said(100, 110)])).created[0] ?? "";
    await setStarred(db, user, own, false, T0);
    expect(await put([said(220, 230)])).toEqual({ created: [], updated: [own], merged: [next] });
    expect(await told(db, user)).toMatchObject([{ id: own, start: 0, end: 230 }]);
  });

  it("is not merged by itself: what was recorded live", async () => {
    await liveConversation(db, user, "live", [said(0, 10, "Heard live.")]);
    await put([said(12, 20, "Recorded.")]);
    expect(await texts()).toEqual([["Heard live."], ["Recorded."]]);
  });
});

describe("a target", () => {
  const target = (conversationId: string) => ({ target: { conversationId, recordingSessionId: null } });

  it("with content of its own takes what is sent to it, wherever it lies in time, and keeps its id", async () => {
    await liveConversation(db, user, "live", [said(500, 510, "Heard live.")]);
    const joined = (await put([said(100, 110)])).created[0] ?? "";
    const touched = await put([said(0, 10), said(1_000, 1_010)], target("live"));
    expect(touched).toEqual({ created: [], updated: ["live"], merged: [joined] });
    expect(await told(db, user)).toMatchObject([{ id: "live", start: 0, end: 1_010 }]);
    expect((await told(db, user))[0]?.said.map(([at]) => at)).toEqual([0, 100, 500, 1_000]);
    expect(await row("live")).toMatchObject({ status: "merging", upload_job_id: job.id, sync_relevance: null });
  });

  it("that is being recorded is left to its session", async () => {
    await liveConversation(db, user, "live", [said(0, 10, "Heard live.")], { status: "in_progress" });
    const { updated } = await put([said(20, 30)], target("live"));
    expect(updated).toEqual(["live"]);
    expect(await row("live")).toMatchObject({ status: "in_progress", upload_job_id: null, state_reason: null });
    await completeUpload(db, job, updated, { outcome: "completed", result: {}, nowMs: T0 });
    expect(await row("live")).toMatchObject({ status: "in_progress", finalization_job_id: null });
    expect(await texts()).toEqual([["Heard live.", "Words at 20."]]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["is missing", async () => {}],
    ["is empty", () => liveConversation(db, user, "live", [])],
    [
      "was deleted",
      async () => {
        await liveConversation(db, user, "live", [said(0, 10, "x")]);
        await deleteConversation(db, user, "live", { cascade: false, nowMs: T0 });
      },
    ],
    ["is of another device", () => liveConversation(db, user, "live", [said(0, 10, "x")], { clientDeviceId: "ios_1" })],
    ["is another user's", () => liveConversation(db, "somebody else", "live", [said(0, 10, "x")])],
  ])("that %s is passed over: time decides", async (_, make) => {
    await make();
    const { created } = await put([said(20, 30)], target("live"));
    expect(created).toHaveLength(1);
    expect((await told(db, user)).find(({ id }) => id === created[0])).toMatchObject({ start: 20 });
  });

  it("that uploads made is only a hint; one that became part of another is found there", async () => {
    const first = (await put([said(0, 10)])).created[0] ?? "";
    const second = (await put([said(200, 210)])).created[0] ?? "";
    expect((await put([said(900, 910)], target(first))).created).toHaveLength(1);
    await put([said(100, 110)]);
    await setStarred(db, user, first, true, T0);
    expect(await put([said(2_000, 2_010)], target(second))).toMatchObject({ created: [], updated: [first] });
  });

  describe("by recording session", () => {
    const bySession = (device: string | null, id: string | null = null) => ({
      clientDeviceId: device,
      target: { conversationId: id, recordingSessionId: "r1" },
    });
    const live = (id: string, device = "ios_1") =>
      liveConversation(db, user, id, [said(0, 10, "Heard live.")], {
        recordingSessionId: "r1",
        clientDeviceId: device,
      });

    it("is the one live conversation that carries it", async () => {
      await live("live");
      expect((await put([said(700, 710)], bySession("ios_1"))).updated).toEqual(["live"]);
    });

    it("is nobody where there are several, the device is unknown, or another", async () => {
      await live("live");
      expect((await put([said(700, 710)], bySession("ios_2"))).created).toHaveLength(1);
      expect((await put([said(900, 910)], bySession(null))).created).toHaveLength(1);
      await live("second");
      expect((await put([said(1_200, 1_210)], bySession("ios_1"))).created).toHaveLength(1);
    });

    it("is not asked for where a conversation is named", async () => {
      await live("live");
      expect((await put([said(700, 710)], bySession("ios_1", "missing"))).created).toHaveLength(1);
    });
  });
});
