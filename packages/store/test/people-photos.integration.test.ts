/** People, names on segments, corrections by hand, pictures, and words that a client brings, in a real database. */
import { HoldfastError } from "@holdfast/contract";
import { labelFor, OWNER } from "@holdfast/core";
import {
  addPhoto,
  admitConversation,
  assignSegments,
  claimJob,
  commitSegments,
  correctOverview,
  correctSegment,
  createPerson,
  type Db,
  deleteConversation,
  deletePerson,
  describePhoto,
  expectClientWords,
  failPhoto,
  findPerson,
  findPersonByName,
  hasRecording,
  type Job,
  listPeople,
  loadConversation,
  loadPhotos,
  loadSegments,
  noteFinalizationReason,
  openRecording,
  removeIfEmpty,
  renamePerson,
  settledPhotos,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chunk, openConversation, recording, segment, T0, USER } from "./seed.ts";

const ANNA = "11111111-1111-4111-8111-111111111111";
const BOB = "22222222-2222-4222-8222-222222222222";
const PHOTO = "33333333-3333-4333-8333-333333333333";

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
afterEach(async () => {
  await sql`truncate conversations, people, recording_sessions, audio_chunks, jobs cascade`.execute(db);
});

const person = (id: string, name: string, nowMs = T0) => ({ userId: USER, id, name, nowMs });
const home = (conversationId: string, nowMs = T0) => ({ userId: USER, conversationId, nowMs });

async function say(id: string, segments: ReturnType<typeof segment>[], startedAtMs?: number): Promise<string> {
  const hold = await recording(db);
  const { outcome } = await commitSegments(db, {
    hold,
    conversationId: id,
    upserts: segments,
    deletedIds: [],
    watermark: { transcribedMessages: 0, channelMarks: undefined },
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    nowMs: T0,
  });
  return outcome;
}

describe("people", () => {
  it("are one for each name, whatever its case, also when two are made at once", async () => {
    const made = await Promise.all([createPerson(db, person(ANNA, "Anna")), createPerson(db, person(BOB, "ANNA"))]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect((await findPersonByName(db, USER, " anna "))?.id).toBe(made[0]?.id);
    expect(await findPersonByName(db, "u2", "anna")).toBeUndefined();
    expect(await listPeople(db, USER)).toHaveLength(1);
  });

  it("can be renamed, but not to another's name", async () => {
    await createPerson(db, person(ANNA, "Anna"));
    await createPerson(db, person(BOB, "Bob"));
    expect(await renamePerson(db, person(ANNA, "ANNA B", T0 + 1))).toBe(true);
    expect(await findPerson(db, USER, ANNA)).toMatchObject({ name: "ANNA B", createdMs: T0, updatedMs: T0 + 1 });
    await expect(renamePerson(db, person(ANNA, "bob"))).rejects.toThrow(HoldfastError);
    expect(await renamePerson(db, person(PHOTO, "Carl"))).toBe(false);
    expect(await findPerson(db, USER, "not a uuid")).toBeUndefined();
  });

  it("leave every segment when they are deleted, and nobody else's", async () => {
    await createPerson(db, person(ANNA, "Anna"));
    for (const id of ["c1", "c2"]) {
      await openConversation(db, id);
      await say(id, [segment("s1", "one", 0, 1), segment("s2", "two", 1, 2)]);
      await assignSegments(db, home(id), labelFor(ANNA), (segments) => segments.slice(0, 1));
      await assignSegments(db, home(id), labelFor(BOB), (segments) => segments.slice(1));
    }
    expect(await deletePerson(db, USER, ANNA, T0 + 5)).toBe(true);
    for (const id of ["c1", "c2"]) {
      expect((await loadSegments(db, USER, id)).map((s) => [s.person_id, s.speaker_label_source])).toEqual([
        [null, null],
        [BOB, "manual"],
      ]);
    }
    expect(await deletePerson(db, USER, ANNA, T0 + 5)).toBe(false);
  });
});

describe("names on segments", () => {
  it("are written in any state, survive what a recogniser writes later, and can be taken back", async () => {
    await openConversation(db, "c1");
    await say("c1", [segment("s1", "one", 0, 1), segment("s2", "two", 1, 2)]);
    expect(await assignSegments(db, home("c1"), labelFor(ANNA), (all) => all.slice(0, 1))).toEqual(["s1"]);
    await say("c1", [segment("s1", "one and more", 0, 3)]);
    const [grown] = await loadSegments(db, USER, "c1");
    expect(grown).toMatchObject({ text: "one and more", end: 3, person_id: ANNA, speaker_label_source: "manual" });
    await admitConversation(db, { userId: USER, conversationId: "c1", trigger: "stop", force: true, nowMs: T0 });
    await assignSegments(db, home("c1"), labelFor(OWNER), (all) => all.filter(({ id }) => id === "s2"));
    await assignSegments(db, home("c1"), labelFor(null), (all) => all.filter(({ id }) => id === "s1"));
    expect((await loadSegments(db, USER, "c1")).map((s) => [s.person_id, s.is_user, s.speaker_label_source])).toEqual([
      [null, false, null],
      [null, true, "manual"],
    ]);
  });

  it("are for nobody where the conversation is another's or gone, and change nothing where refused", async () => {
    await openConversation(db, "c1");
    await say("c1", [segment("s1", "one", 0, 1)]);
    const other = { ...home("c1"), userId: "u2" };
    expect(await assignSegments(db, other, labelFor(ANNA), (all) => all)).toBeUndefined();
    const refuse = () => {
      throw new Error("refused");
    };
    await expect(assignSegments(db, home("c1"), labelFor(ANNA), refuse)).rejects.toThrow("refused");
    expect((await loadSegments(db, USER, "c1"))[0]?.person_id).toBeNull();
    await deleteConversation(db, USER, "c1", { cascade: false, nowMs: T0 });
    expect(await assignSegments(db, home("c1"), labelFor(ANNA), (all) => all)).toBeUndefined();
  });
});

describe("corrections", () => {
  it("of words stay, and words that follow are added to them", async () => {
    await openConversation(db, "c1");
    await say("c1", [segment("s1", "I scream", 0, 1)]);
    expect(await correctSegment(db, home("c1"), "s1", "Ice cream")).toBe(true);
    await say("c1", [segment("s1", "I scream is good", 0, 2)]);
    await say("c1", [segment("s1", "I scream is good today.", 0, 3)]);
    expect((await loadSegments(db, USER, "c1"))[0]).toMatchObject({ text: "Ice cream is good today.", end: 3 });
    expect(await correctSegment(db, home("c1"), "s2", "x")).toBe(false);
    expect(await correctSegment(db, home("c2"), "s1", "x")).toBe(false);
  });

  it("of the overview are kept", async () => {
    await openConversation(db, "c1");
    expect(await correctOverview(db, home("c1"), "My own words")).toBe(true);
    expect((await loadConversation(db, USER, "c1"))?.structured.overview).toBe("My own words");
    expect(await correctOverview(db, home("c2"), "x")).toBe(false);
  });

  it("keep the reason of an end beside what is known already", async () => {
    await openConversation(db, "c1");
    expect(await noteFinalizationReason(db, home("c1"), "user_stop")).toBe(true);
    expect(await noteFinalizationReason(db, home("c1"), "meeting_ended")).toBe(true);
    expect((await loadConversation(db, USER, "c1"))?.external_data).toEqual({
      conversation_finalization_reason: "meeting_ended",
    });
    expect(await noteFinalizationReason(db, home("c2"), "user_stop")).toBe(false);
  });
});

describe("pictures", () => {
  const picture = (conversationId: string, over: object = {}) => ({
    userId: USER,
    conversationId,
    id: PHOTO,
    contentType: "image/jpeg",
    bytes: Uint8Array.from([0xff, 0xd8, 0xff, 0]),
    nowMs: T0 + 10_000,
    ...over,
  });

  async function job(): Promise<Job> {
    const request = { owner: "test", nowMs: T0 + 20_000, leaseMs: 15_000, busy: false };
    const claimed = await claimJob(db, ["photo"], request);
    if (claimed === undefined) throw new Error("no job");
    return claimed;
  }

  it("are content: they extend the conversation, keep it from being removed, and make it worth finishing", async () => {
    await openConversation(db, "c1");
    expect(await addPhoto(db, picture("c1"))).toBe("stored");
    expect(await addPhoto(db, picture("c1"))).toBe("stored");
    const conversation = await loadConversation(db, USER, "c1");
    expect(Date.parse(conversation?.finished_at ?? "")).toBe(T0 + 10_000);
    expect(conversation?.photos).toEqual([
      expect.objectContaining({ id: PHOTO, base64: "", description: null, content_type: "image/jpeg" }),
    ]);
    const [loaded] = await loadPhotos(db, USER, "c1", { withBytes: true });
    expect(loaded?.base64).toBe(Buffer.from([0xff, 0xd8, 0xff, 0]).toString("base64"));
    expect(await removeIfEmpty(db, { userId: USER, conversationId: "c1", nowMs: T0 })).toBe(false);
    const end = { userId: USER, conversationId: "c1", trigger: "stop", force: false, nowMs: T0 } as const;
    expect((await admitConversation(db, end)).outcome).toBe("admitted");
    expect(await addPhoto(db, picture("c1", { id: ANNA }))).toBe("closed");
    expect(await addPhoto(db, picture("c2"))).toBe("closed");
  });

  it("are described once, and only by who holds the job", async () => {
    await openConversation(db, "c1");
    await addPhoto(db, picture("c1"));
    const waiting = [{ conversationId: "c1", id: PHOTO }];
    expect(await settledPhotos(db, USER, waiting)).toEqual([]);
    const held = await job();
    const result = { description: "A cat", reason: null, nowMs: T0 + 21_000 };
    expect(await describePhoto(db, { ...held, epoch: held.epoch - 1 }, PHOTO, result)).toBe(false);
    expect(await settledPhotos(db, USER, waiting)).toEqual([]);
    expect(await describePhoto(db, held, PHOTO, result)).toBe(true);
    expect(await settledPhotos(db, USER, waiting)).toEqual([{ id: PHOTO, description: "A cat", discarded: false }]);
    expect(await describePhoto(db, held, PHOTO, { ...result, description: "A dog" })).toBe(false);
    expect((await loadPhotos(db, USER, "c1", { withBytes: false }))[0]?.description).toBe("A cat");
  });

  it("stay without a description when every attempt was spent", async () => {
    await openConversation(db, "c1");
    await addPhoto(db, picture("c1"));
    const failure = { class: "permanent_input", code: "llm_refused", message: "no" } as const;
    expect(await failPhoto(db, await job(), PHOTO, failure, { nowMs: T0, random: 0.5 })).toBe("failed");
    const [photo] = await loadPhotos(db, USER, "c1", { withBytes: true });
    expect(photo).toMatchObject({ description: "", discarded: false });
    expect(photo?.base64).not.toBe("");
  });

  it("go with their conversation, and who waits for one is told", async () => {
    await openConversation(db, "c1");
    await addPhoto(db, picture("c1"));
    await deleteConversation(db, USER, "c1", { cascade: false, nowMs: T0 });
    expect(await loadPhotos(db, USER, "c1", { withBytes: false })).toEqual([]);
    expect(await settledPhotos(db, USER, [{ conversationId: "c1", id: PHOTO }])).toEqual([
      { id: PHOTO, description: "", discarded: true },
    ]);
  });
});

describe("words that a client brings", () => {
  it("need no repair of the sound they belong to", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db);
    await expectClientWords(db, hold);
    await chunk(db, hold, "c1", 0, 10);
    expect(await hasRecording(db, USER, "c1")).toBe(true);
    await say("c1", [segment("s1", "one", 0, 1)], T0);
    const end = { userId: USER, conversationId: "c1", trigger: "stop", force: true, nowMs: T0 + 60_000 } as const;
    expect(await admitConversation(db, end)).toMatchObject({ outcome: "admitted", ticket: { state: "queued" } });
    const repairs = await db.selectFrom("jobs").select("id").where("kind", "=", "repair").execute();
    expect(repairs).toEqual([]);
  });

  it("are forgotten by a socket that has a recogniser: it begins behind them", async () => {
    await openConversation(db, "c1");
    const hold = await recording(db);
    await expectClientWords(db, hold);
    await chunk(db, hold, "c1", 0, 10);
    const format = { codec: "opus", sampleRate: 16_000, language: "en", channels: 1 };
    const again = await openRecording(db, { userId: USER, id: "r1", ...format, nowMs: T0, leaseMs: 20_000 });
    expect(again).toMatchObject({ durableMessages: 10, transcribedMessages: 10 });
    await chunk(db, again, "c1", 10, 5);
    const end = { userId: USER, conversationId: "c1", trigger: "stop", force: true, nowMs: T0 + 60_000 } as const;
    expect(await admitConversation(db, end)).toMatchObject({ outcome: "admitted", ticket: { state: "blocked" } });
  });
});
