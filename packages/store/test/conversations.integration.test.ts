/** Ending, finishing, editing and finding conversations, on a real PostgreSQL. */
import { Structured } from "@holdfast/contract";
import {
  admitConversation,
  bindRecording,
  claimJob,
  claimJobById,
  commitSegments,
  countConversations,
  type Db,
  deleteConversation,
  failFinalization,
  findConversation,
  findJob,
  findOpenConversation,
  findSilentConversations,
  finishConversation,
  listConversations,
  loadConversation,
  removeIfEmpty,
  requestFinalization,
  searchConversations,
  setStarred,
  setTitle,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = (await server.database()).db;
  return async () => await db.destroy();
});

async function spoken(id: string, text: string, afterMs = 1_000) {
  await openConversation(db, id);
  const hold = await recording(db, `r-${id}`);
  await chunk(db, hold, id, 0, 10);
  await commitSegments(db, {
    hold,
    conversationId: id,
    upserts: [segment(`s-${id}`, text, 0, 1)],
    deletedIds: [],
    watermark: { transcribedMessages: 10 },
    startedAtMs: T0,
    nowMs: T0 + afterMs,
  });
}

const end = (conversationId: string, over: object = {}) =>
  admitConversation(db, { userId: USER, conversationId, trigger: "stop", force: true, nowMs: T0 + 60_000, ...over });

const result = (title: string) => ({
  structured: Structured.parse({ title, overview: "About sailing.", action_items: [{ description: "Call Ann" }] }),
  summaryKind: "basic" as const,
  stateReason: null,
  discarded: false,
  memories: [{ content: "Likes sailing", category: "interesting" as const }],
  nowMs: T0 + 70_000,
});

async function finish(title: string) {
  const job = await claimJob(db, ["finalization"], { owner: "p", nowMs: T0 + 63_000, leaseMs: 15_000 });
  if (job === undefined) throw new Error("no job");
  return await finishConversation(db, job, result(title));
}

describe("ending a conversation", () => {
  it("writes status and job together, once", async () => {
    await spoken("c1", "Hello there.");
    const first = await end("c1");
    expect(first).toMatchObject({ outcome: "admitted", ticket: { state: "queued", generation: 1 } });
    expect(await end("c1")).toEqual({ outcome: "not_open", status: "processing" });
    if (first.outcome !== "admitted") throw new Error("not admitted");
    expect(await findJob(db, USER, first.ticket.jobId)).toMatchObject({ state: "queued", conversationId: "c1" });
  });

  it("admits once when twenty ask at the same time", async () => {
    await spoken("c1", "Hello there.");
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => end("c1")));
    expect(outcomes.filter((item) => item.outcome === "admitted")).toHaveLength(1);
  });

  it("removes an empty one", async () => {
    await openConversation(db, "c1");
    expect(await end("c1")).toEqual({ outcome: "deleted" });
    expect(await findConversation(db, USER, "c1")).toBeUndefined();
    expect(await end("c1")).toEqual({ outcome: "missing" });
  });

  it("removes what a socket left without a word, and nothing that holds words or waits for them", async () => {
    await openConversation(db, "empty");
    await spoken("words", "Hello.");
    await openConversation(db, "sound");
    await chunk(db, await recording(db, "r-sound"), "sound", 0, 10);
    const removed = [];
    for (const id of ["empty", "words", "sound", "unknown"]) {
      removed.push(await removeIfEmpty(db, { userId: USER, conversationId: id, nowMs: T0 + 60_000 }));
    }
    expect(removed).toEqual([true, false, false, false]);
    expect(await findConversation(db, USER, "empty")).toBeUndefined();
  });

  it("does not end what was spoken in meanwhile", async () => {
    await spoken("c1", "Hello.");
    expect(await end("c1", { trigger: "silence", unlessSpokenAfterMs: T0 })).toEqual({ outcome: "still_active" });
  });

  it("asks the live session that still holds untranscribed audio to end it", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db);
    await bindRecording(db, hold, "c1", T0, 20_000);
    await chunk(db, hold, "c1", 0, 10);
    expect(await end("c1", { nowMs: T0 + 5_000 })).toEqual({ outcome: "requested" });
    expect((await findConversation(db, USER, "c1"))?.end_requested_at).toBe(T0 + 5_000);
    expect(await findSilentConversations(db, T0 + 6_000, 10)).toEqual([]);
    expect(await findSilentConversations(db, T0 + 30_000, 10)).toEqual([{ userId: USER, conversationId: "c1" }]);
  });

  it("is due by silence alone, without any session", async () => {
    await spoken("c1", "Hello.");
    expect(await findSilentConversations(db, T0 + 120_999, 10)).toEqual([]);
    expect(await findSilentConversations(db, T0 + 121_000, 10)).toHaveLength(1);
  });
});

describe("finishing", () => {
  it("writes everything at once and completes the job", async () => {
    await spoken("c1", "We went sailing.");
    await end("c1");
    expect(await finish("Sailing trip")).toBe("completed");
    expect(await loadConversation(db, USER, "c1")).toMatchObject({
      status: "completed",
      summary_kind: "basic",
      structured: { title: "Sailing trip" },
      transcript_segments: [{ text: "We went sailing." }],
    });
    expect(await db.selectFrom("memories").select("content").execute()).toEqual([{ content: "Likes sailing" }]);
    expect(await db.selectFrom("action_items").select("description").execute()).toEqual([{ description: "Call Ann" }]);
  });

  it("writes nothing for a holder whose lease was taken over", async () => {
    await spoken("c1", "We went sailing.");
    await end("c1");
    const old = await claimJob(db, ["finalization"], { owner: "a", nowMs: T0 + 61_000, leaseMs: 15_000 });
    const current = await claimJob(db, ["finalization"], { owner: "b", nowMs: T0 + 76_001, leaseMs: 15_000 });
    if (old === undefined || current === undefined) throw new Error("not claimed");
    expect(await finishConversation(db, old, result("Old"))).toBe("lease_lost");
    expect(await finishConversation(db, current, result("New"))).toBe("completed");
    expect((await loadConversation(db, USER, "c1"))?.structured.title).toBe("New");
  });

  it("is fenced by a newer revision and by deletion", async () => {
    await spoken("c1", "We went sailing.");
    const first = await end("c1");
    if (first.outcome !== "admitted") throw new Error("not admitted");
    const stale = await claimJobById(
      db,
      { userId: USER, id: first.ticket.jobId },
      { owner: "a", nowMs: T0 + 61_000, leaseMs: 15_000 },
    );
    if (stale.outcome !== "claimed") throw new Error("not claimed");
    await db.transaction().execute((trx) =>
      requestFinalization(trx, {
        userId: USER,
        conversationId: "c1",
        trigger: "finalize",
        force: true,
        nowMs: T0 + 62_000,
      }),
    );
    expect(await finishConversation(db, stale.job, result("Stale"))).toBe("fenced");
    expect(await finish("Fresh")).toBe("completed");
    expect((await loadConversation(db, USER, "c1"))?.structured.title).toBe("Fresh");
  });

  it("keeps a title that a person chose", async () => {
    await spoken("c1", "We went sailing.");
    await setTitle(db, USER, "c1", "Mine", T0);
    await end("c1");
    await finish("Other");
    expect((await loadConversation(db, USER, "c1"))?.structured.title).toBe("Mine");
  });

  it("ends job and conversation together when the last attempt failed, and keeps the transcript", async () => {
    await spoken("c1", "We went sailing.");
    await end("c1");
    const failure = { class: "content", code: "summary_crashed", message: "boom" } as const;
    let nowMs = T0 + 61_000;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const job = await claimJob(db, ["finalization"], { owner: "p", nowMs, leaseMs: 15_000 });
      if (job === undefined) throw new Error("no job");
      expect(await failFinalization(db, job, failure, nowMs, 0.5)).toBe(attempt === 5 ? "dead_letter" : "queued");
      nowMs += 600_000;
    }
    expect(await loadConversation(db, USER, "c1")).toMatchObject({
      status: "failed",
      state_reason: "summary_crashed",
      transcript_segments: [{ text: "We went sailing." }],
    });
  });
});

describe("claims by id", () => {
  it("tell every case apart", async () => {
    await spoken("c1", "Hello.");
    const admitted = await end("c1");
    if (admitted.outcome !== "admitted") throw new Error("not admitted");
    const key = { userId: USER, id: admitted.ticket.jobId };
    const request = { owner: "p", nowMs: T0 + 61_000, leaseMs: 15_000 };
    const unknown = { userId: USER, id: "00000000-0000-0000-0000-000000000000" };
    expect(await claimJobById(db, unknown, request)).toEqual({ outcome: "missing" });
    expect(await claimJobById(db, { ...key, generation: 7 }, request)).toEqual({
      outcome: "stale_generation",
      generation: 1,
    });
    expect((await claimJobById(db, { ...key, generation: 1 }, request)).outcome).toBe("claimed");
    expect(await claimJobById(db, key, request)).toEqual({ outcome: "leased" });
  });

  it("never give one job to two of many claimers", async () => {
    for (let i = 0; i < 10; i += 1) {
      await spoken(`c${i}`, "Hello.");
      await end(`c${i}`);
    }
    const request = { owner: "p", nowMs: T0 + 61_000, leaseMs: 15_000 };
    const claims = await Promise.all(Array.from({ length: 30 }, () => claimJob(db, ["finalization"], request)));
    const ids = claims.flatMap((job) => (job === undefined ? [] : [job.id]));
    expect(new Set(ids).size).toBe(ids.length);
    const rest = [];
    for (
      let job = await claimJob(db, ["finalization"], request);
      job;
      job = await claimJob(db, ["finalization"], request)
    ) {
      rest.push(job.id);
    }
    expect(new Set([...ids, ...rest]).size).toBe(10);
  });
});

describe("the conversation that is open", () => {
  const open = async () => (await findOpenConversation(db, USER))?.id;

  it("is the newest of those with sound or words, and without any the newest", async () => {
    expect(await open()).toBeUndefined();
    await openConversation(db, "idle", { startedAtMs: T0 + 1 });
    await openConversation(db, "newer", { startedAtMs: T0 + 5_000 });
    expect(await open()).toBe("newer");
    await chunk(db, await recording(db), "idle", 0, 10);
    expect(await open()).toBe("idle");
    await chunk(db, await recording(db), "newer", 10, 10);
    expect(await open()).toBe("newer");
    await openConversation(db, "newest", { startedAtMs: T0 + 9_000 });
    expect(await open()).toBe("newer");
    await end("newer");
    expect(await open()).toBe("idle");
  });
});

describe("finding and editing", () => {
  const all = {
    userId: USER,
    statuses: [],
    sources: [],
    includeDiscarded: true,
    starred: null,
    startMs: null,
    endMs: null,
  };

  it("lists whatever the state, newest first, and counts the same", async () => {
    await openConversation(db, "old", { startedAtMs: T0 - 1_000 });
    await spoken("c1", "We went sailing.");
    await end("c1");
    const list = await listConversations(db, { ...all, limit: 10, offset: 0 });
    expect(list.map((item) => [item.id, item.status])).toEqual([
      ["c1", "processing"],
      ["old", "in_progress"],
    ]);
    expect(await countConversations(db, all)).toBe(2);
    expect(await countConversations(db, { ...all, statuses: ["completed"] })).toBe(0);
    expect(await countConversations(db, { ...all, startMs: T0 })).toBe(1);
  });

  it("shows nobody another user's rows", async () => {
    await openConversation(db, "c1", { userId: "u2" });
    expect(await listConversations(db, { ...all, limit: 10, offset: 0 })).toEqual([]);
    expect(await loadConversation(db, USER, "c1")).toBeUndefined();
    expect(await setStarred(db, USER, "c1", true, T0)).toBe(false);
    expect(await deleteConversation(db, USER, "c1", { cascade: true, nowMs: T0 })).toBe(false);
  });

  it("searches words, titles and what is not finished yet", async () => {
    const search = async (query: string) =>
      (
        await searchConversations(db, {
          userId: USER,
          query,
          includeDiscarded: true,
          startMs: null,
          endMs: null,
          page: 1,
          perPage: 10,
        })
      ).items.map((item) => item.id);
    await spoken("c1", "We were sailing near the island.");
    expect(await search("island")).toEqual(["c1"]);
    await end("c1");
    await finish("A trip at sea");
    expect(await search("sail islands")).toEqual(["c1"]);
    expect(await search("trip")).toEqual(["c1"]);
    expect(await search("mountain")).toEqual([]);
    expect(await search("'; drop table conversations; --")).toEqual([]);
    await setTitle(db, USER, "c1", "Regatta", T0);
    expect(await search("regatta")).toEqual(["c1"]);
  });

  it("leaves nothing of a deleted conversation, and nothing brings it back", async () => {
    await spoken("c1", "Secret words.");
    await end("c1");
    await deleteConversation(db, USER, "c1", { cascade: true, nowMs: T0 });
    expect(await finish("Back again")).toBe("fenced");
    expect(await loadConversation(db, USER, "c1")).toBeUndefined();
    await openConversation(db, "c1");
    expect(await loadConversation(db, USER, "c1")).toBeUndefined();
    expect(await db.selectFrom("segments").selectAll().execute()).toEqual([]);
  });
});
