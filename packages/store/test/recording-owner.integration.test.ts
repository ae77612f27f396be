/**
 * Whose words they are: sound that is given to repair is taken from whoever held it, and words find their place whoever stored
 * some before them. Each of these went wrong in a simulated world first.
 */
import {
  admitConversation,
  advanceWatermark,
  bindRecording,
  claimJob,
  commitRepair,
  commitSegments,
  completeRepair,
  type Db,
  failRepair,
  findConversation,
  findJob,
  findSilentConversations,
  handOverGap,
  loadConversation,
  otherWordsMayCome,
  type RecordingHold,
  recordedUntil,
  releaseRecording,
  removeIfEmpty,
  renewRecording,
  transcribedMessages,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
  ({ db } = await server.database());
});
afterAll(async () => {
  await db.destroy();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await sql`truncate conversations, recording_sessions, audio_chunks, jobs cascade`.execute(db);
  await openConversation(db, "c1");
});

const say = async (hold: RecordingHold, over: object = {}) =>
  await commitSegments(db, {
    hold,
    conversationId: "c1",
    upserts: [segment("s1", "Hello.", 0, 1)],
    deletedIds: [],
    watermark: { transcribedMessages: 50 },
    startedAtMs: T0 + 500,
    nowMs: T0 + 2_000,
    ...over,
  });

const end = async (over: object = {}) =>
  await admitConversation(db, {
    userId: USER,
    conversationId: "c1",
    trigger: "sweep",
    force: false,
    nowMs: T0,
    ...over,
  });

const words = async (): Promise<{ text: string; atMs: number }[]> => {
  const conversation = await loadConversation(db, USER, "c1");
  const startedMs = Date.parse(conversation?.started_at ?? "");
  return (conversation?.transcript_segments ?? []).map(({ text, start }) => ({ text, atMs: startedMs + start * 1000 }));
};

describe("sound that is given to repair", () => {
  it("is taken from a holder whose lease ran out: it may live, and must not write these words again", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    expect(await end({ nowMs: T0 + 25_000 })).toMatchObject({ outcome: "admitted", ticket: { state: "blocked" } });
    await openConversation(db, "c2");
    expect(await say(hold, { conversationId: "c2" })).toEqual({ outcome: "fenced" });
    expect(await advanceWatermark(db, hold, { transcribedMessages: 50 })).toBe(false);
  });

  it("stays with the holder who gives it away himself", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 50);
    const own = { ownSessionId: hold.id, ownEpoch: hold.epoch };
    expect(await end(own)).toMatchObject({ outcome: "admitted" });
    await openConversation(db, "c2");
    expect(await chunk(db, hold, "c2", 50, 10)).toBe("stored");
    expect(await say(hold, { conversationId: "c2", watermark: { transcribedMessages: 60 } })).toMatchObject({
      outcome: "stored",
    });
  });

  it("is not given away by a socket that was taken over", async () => {
    const old = await recording(db);
    await chunk(db, old, "c1", 0, 50);
    const current = await recording(db);
    expect(await end({ ownSessionId: old.id, ownEpoch: old.epoch })).toEqual({ outcome: "requested" });
    const handOver = (epoch: number) =>
      db.transaction().execute((trx) => handOverGap(trx, USER, old.id, T0 + 1_000, epoch));
    expect(await handOver(old.epoch)).toEqual([]);
    expect(await transcribedMessages(db, current)).toBe(0);
    expect(await handOver(current.epoch)).toEqual(["c1"]);
    expect(await transcribedMessages(db, current)).toBe(50);
  });

  it("leaves an empty conversation to the socket that took over", async () => {
    const old = await recording(db);
    await sql`update recording_sessions set conversation_id = 'c1'`.execute(db);
    await recording(db);
    const asked = { userId: USER, conversationId: "c1", ownSessionId: old.id, ownEpoch: old.epoch, nowMs: T0 };
    expect(await removeIfEmpty(db, asked)).toBe(false);
    expect(await removeIfEmpty(db, { ...asked, ownEpoch: old.epoch + 1 })).toBe(true);
  });
});

describe("words of a conversation that a repair added to", () => {
  /** Words of the first 20 messages come from a repair, those behind from the live socket. */
  async function repaired(hold: RecordingHold): Promise<void> {
    await chunk(db, hold, "c1", 0, 20);
    await db.transaction().execute((trx) => handOverGap(trx, USER, hold.id, T0, hold.epoch));
    const job = await claimJob(db, ["repair"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
    if (job === undefined) throw new Error("no repair");
    const stored = await commitRepair(db, job, {
      spokenFromMs: T0 + 100,
      segmentsAt: (startedAtMs) => [
        segment("r1", "Early.", (T0 + 100 - startedAtMs) / 1000, (T0 + 400 - startedAtMs) / 1000),
      ],
      progress: {},
      nowMs: T0 + 1_000,
    });
    expect(stored).toBe(true);
  }

  it("keep their moment where the live socket knew of no words", async () => {
    const hold = await recording(db);
    await repaired(hold);
    expect(await say(hold)).toEqual({ outcome: "stored", startedAtMs: T0 + 100 });
    expect(await words()).toEqual([
      { text: "Early.", atMs: T0 + 100 },
      { text: "Hello.", atMs: T0 + 500 },
    ]);
  });

  it("keep their moment where a segment of the live socket grows afterwards", async () => {
    const hold = await recording(db);
    expect(await say(hold, { watermark: { transcribedMessages: 0 } })).toEqual({
      outcome: "stored",
      startedAtMs: T0 + 500,
    });
    await repaired(hold);
    const grown = { startedAtMs: undefined, baseMs: T0 + 500, upserts: [segment("s1", "Hello. Again.", 0, 2)] };
    expect(await say(hold, grown)).toEqual({ outcome: "stored", startedAtMs: T0 + 100 });
    expect(await words()).toEqual([
      { text: "Early.", atMs: T0 + 100 },
      { text: "Hello. Again.", atMs: T0 + 500 },
    ]);
  });

  it("move what is there when they begin before it", async () => {
    const hold = await recording(db);
    await repaired(hold);
    expect(await say(hold, { startedAtMs: T0 - 400 })).toEqual({ outcome: "stored", startedAtMs: T0 - 400 });
    expect(await words()).toEqual([
      { text: "Hello.", atMs: T0 - 400 },
      { text: "Early.", atMs: T0 + 100 },
    ]);
  });
});

describe("a conversation that was ended before all of its sound was given to repair", () => {
  /** The job of a finalisation, and the repair of sound that came after it. */
  async function endedEarly() {
    const hold = await recording(db);
    await say(hold, { watermark: { transcribedMessages: 0 } });
    const ended = await end({ trigger: "stop", force: true });
    if (ended.outcome !== "admitted") throw new Error("not admitted");
    await chunk(db, hold, "c1", 0, 20);
    await db.transaction().execute((trx) => handOverGap(trx, USER, hold.id, T0, hold.epoch));
    const repair = await claimJob(db, ["repair"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
    if (repair === undefined) throw new Error("no repair");
    return { ticket: ended.ticket, repair };
  }

  const late = (text: string | undefined) => ({
    spokenFromMs: text === undefined ? undefined : T0 + 2_000,
    segmentsAt: (startedAtMs: number) =>
      text === undefined
        ? []
        : [segment("r1", text, (T0 + 2_000 - startedAtMs) / 1000, (T0 + 2_400 - startedAtMs) / 1000)],
    progress: {},
    nowMs: T0 + 5_000,
  });

  it("is finalised again with those words, by a job that waits for all of them", async () => {
    const { ticket, repair } = await endedEarly();
    const first = await claimJob(db, ["finalization"], { owner: "p", nowMs: T0, leaseMs: 15_000 });
    expect(first?.id).toBe(ticket.jobId);
    expect(await commitRepair(db, repair, late("Late."))).toBe(true);
    const row = await findConversation(db, USER, "c1");
    expect(row).toMatchObject({ status: "processing", finalization_revision: 2 });
    const again = await findJob(db, USER, row?.finalization_job_id ?? "");
    expect(again).toMatchObject({ kind: "finalization", state: "blocked", payload: { force: true } });
    expect(await commitRepair(db, repair, late("Later."))).toBe(true);
    expect((await findConversation(db, USER, "c1"))?.finalization_revision).toBe(2);
    expect(await completeRepair(db, repair, 2, T0 + 6_000)).toBe(true);
    expect((await findJob(db, USER, again?.id ?? ""))?.state).toBe("queued");
  });

  it("stays as it is where nothing was said in it", async () => {
    const { ticket, repair } = await endedEarly();
    expect(await commitRepair(db, repair, late(undefined))).toBe(true);
    expect(await completeRepair(db, repair, 0, T0 + 6_000)).toBe(true);
    expect((await findConversation(db, USER, "c1"))?.finalization_job_id).toBe(ticket.jobId);
  });
});

describe("the conversation that a recording is bound to", () => {
  const boundTo = async (): Promise<unknown> => {
    const row = await db.selectFrom("recording_sessions").select("conversation_id").executeTakeFirstOrThrow();
    return row.conversation_id;
  };

  it("stays when the rest of the conversation before is stored, so that nobody takes it for abandoned", async () => {
    const hold = await recording(db);
    expect(await bindRecording(db, hold, "c1", T0, 20_000)).toBe("bound");
    await chunk(db, hold, "c1", 0, 20);
    await openConversation(db, "c2");
    expect(await bindRecording(db, hold, "c2", T0, 20_000)).toBe("bound");
    expect(await chunk(db, hold, "c1", 20, 5)).toBe("stored");
    expect(await renewRecording(db, hold, T0 + 1_000, 20_000)).toBe(true);
    expect(await boundTo()).toBe("c2");
    expect(await findSilentConversations(db, T0 + 15_000, 10)).toEqual([]);
    // Removed all the same, since the lease ran out: whoever held it must begin anew.
    expect(await end({ conversationId: "c2", nowMs: T0 + 60_000 })).toEqual({ outcome: "deleted" });
    expect(await chunk(db, hold, "c2", 25, 5)).toBe("fenced");
  });

  it("is an open one", async () => {
    const hold = await recording(db);
    expect(await end()).toEqual({ outcome: "deleted" });
    expect(await bindRecording(db, hold, "c1", T0, 20_000)).toBe("closed");
    expect(await boundTo()).toBeNull();
    await openConversation(db, "c2");
    await recording(db);
    expect(await bindRecording(db, hold, "c2", T0, 20_000)).toBe("fenced");
    expect(await boundTo()).toBeNull();
  });
});

describe("a segment may grow only where nobody else still brings words", () => {
  const mayCome = async (hold: RecordingHold) => await otherWordsMayCome(db, hold, "c1");

  it("so not while sound of a gap waits for its repair, nor after a repair gave up", async () => {
    const hold = await recording(db);
    expect(await mayCome(hold)).toBe(false);
    await chunk(db, hold, "c1", 0, 20);
    expect(await mayCome(hold)).toBe(false);
    await db.transaction().execute((trx) => handOverGap(trx, USER, hold.id, T0, hold.epoch));
    expect(await mayCome(hold)).toBe(true);
    const job = await claimJob(db, ["repair"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
    if (job === undefined) throw new Error("no repair");
    expect(await mayCome(hold)).toBe(true);
    expect(await failRepair(db, job, { class: "permanent_input", code: "test", message: "" }, T0, 0)).toBe("failed");
    expect(await mayCome(hold)).toBe(true);
  });

  it("and may again once the repair has written all of its words", async () => {
    const hold = await recording(db);
    await chunk(db, hold, "c1", 0, 20);
    await db.transaction().execute((trx) => handOverGap(trx, USER, hold.id, T0, hold.epoch));
    const job = await claimJob(db, ["repair"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
    if (job === undefined) throw new Error("no repair");
    expect(await completeRepair(db, job, 0, T0)).toBe(true);
    expect(await mayCome(hold)).toBe(false);
  });

  it("so not while another recording is bound to the conversation and held", async () => {
    const own = await recording(db);
    const other = await recording(db, "r2");
    expect(await mayCome(own)).toBe(false);
    await bindRecording(db, other, "c1", T0, 20_000);
    expect(await mayCome(own)).toBe(true);
    expect(await mayCome(other)).toBe(false);
    await releaseRecording(db, other, T0);
    expect(await mayCome(own)).toBe(false);
  });

  it("so not while another recording has sound of it without words, whatever that writes to now", async () => {
    const own = await recording(db);
    const other = await recording(db, "r2");
    await chunk(db, other, "c1", 0, 20);
    await openConversation(db, "c2");
    await bindRecording(db, other, "c2", T0, 20_000);
    await releaseRecording(db, other, T0);
    expect(await mayCome(own)).toBe(true);
    await advanceWatermark(db, other, { transcribedMessages: 20 });
    expect(await mayCome(own)).toBe(false);
  });
});

it("the end of what was recorded is known to the next socket", async () => {
  const hold = await recording(db);
  expect(await recordedUntil(db, USER, hold.id, 0)).toBeUndefined();
  await chunk(db, hold, "c1", 0, 50);
  await chunk(db, hold, "c1", 50, 10);
  expect(await recordedUntil(db, USER, hold.id, 60)).toBe(T0 + 60 * 20);
  expect(await recordedUntil(db, USER, hold.id, 50)).toBe(T0 + 50 * 20);
  await releaseRecording(db, hold, T0);
});
