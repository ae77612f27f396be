/** Pictures described by a vision model: a scripted server of the OpenAI shape, a real pusher, a real database. */
import { addPhoto, createConversation, type Db, findJob, loadPhotos } from "@holdfast/store";
import { type ScriptedLlm, startScriptedLlm, startTestServer, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { descriptionOf } from "../src/photos/vision.ts";
import { type Cleanup, cleanUp, pusher, spoken, USER, untilCompleted } from "./harness.ts";
import { said } from "./said.ts";

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

let server: TestServer;
let db: Db;
let llm: ScriptedLlm;
const cleanup: Cleanup = [];
beforeAll(async () => {
  server = await startTestServer();
  ({ db } = await server.database());
  llm = await startScriptedLlm();
});
afterEach(() => cleanUp(cleanup));
afterAll(async () => {
  await llm[Symbol.asyncDispose]();
  await db.destroy();
  await server[Symbol.asyncDispose]();
});

let count = 0;

/** A picture in an open conversation, waiting for its description. */
async function taken(contentType = "image/jpeg"): Promise<{ readonly conversationId: string; readonly id: string }> {
  count += 1;
  const conversationId = `c${count}`;
  const nowMs = Date.now();
  await createConversation(db, {
    ...{ userId: USER, id: conversationId, origin: "live", source: "openglass", language: "de", externalData: null },
    ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: null, silenceTimeoutMs: 120_000 },
    ...{ startedAtMs: nowMs, nowMs },
  });
  const id = `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`;
  await addPhoto(db, { userId: USER, conversationId, id, contentType, bytes: JPEG, nowMs });
  return { conversationId, id };
}

async function description(conversationId: string): Promise<string | null | undefined> {
  return (await loadPhotos(db, USER, conversationId, { withBytes: false }))[0]?.description;
}

async function jobOf(conversationId: string) {
  const row = await db
    .selectFrom("jobs")
    .select("id")
    .where("conversation_id", "=", conversationId)
    .where("kind", "=", "photo")
    .executeTakeFirstOrThrow();
  return await findJob(db, USER, row.id);
}

const withModel = () => pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url, HOLDFAST_LLM_KEY: "key" });

describe("a picture", () => {
  it("goes to the model as a data URL with the language, and its answer is stored in one line", async () => {
    llm.script({ kind: "text", text: "<think>hm</think>Ein Hund\n auf einer Wiese. " });
    const { conversationId } = await taken();
    const started = await withModel();
    await expect.poll(() => description(conversationId), { timeout: 10_000 }).toBe("Ein Hund auf einer Wiese.");
    const request = llm.requests.at(-1);
    const messages = JSON.stringify(request?.messages);
    expect(messages).toContain(`data:image/jpeg;base64,${Buffer.from(JPEG).toString("base64")}`);
    expect(messages).toContain('language \\"de\\"');
    expect(request?.format).toBeUndefined();
    expect(started.events).toContainEqual(expect.objectContaining({ type: "photo_finished", outcome: "described" }));
  });

  it("waits for a model that is away, without spending an attempt", async () => {
    llm.script({ kind: "status", status: 503 }, { kind: "text", text: "A door." });
    const { conversationId } = await taken();
    const first = await withModel();
    await expect.poll(() => first.events.map(({ type }) => type), { timeout: 10_000 }).toContain("photo_failed");
    expect(await jobOf(conversationId)).toMatchObject({ state: "queued", attempts: 0, tries: 1 });
    expect(await description(conversationId)).toBeNull();
    await first.close();
    await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url }, 120_000);
    await expect.poll(() => description(conversationId), { timeout: 10_000 }).toBe("A door.");
  });

  it("stays without a description when the model refuses it for the last time", async () => {
    llm.script({ kind: "status", status: 400 });
    const { conversationId } = await taken();
    await sql`update jobs set attempts = 4 where conversation_id = ${conversationId}`.execute(db);
    await withModel();
    await expect.poll(() => description(conversationId), { timeout: 10_000 }).toBe("");
    expect(await jobOf(conversationId)).toMatchObject({ state: "dead_letter", attempts: 5 });
    expect((await loadPhotos(db, USER, conversationId, { withBytes: true }))[0]?.base64).not.toBe("");
  });

  it("of a kind no model takes is not sent to one; without a model nothing is asked", async () => {
    llm.script({ kind: "text", text: "never" });
    const asked = llm.requests.length;
    const odd = await taken("application/octet-stream");
    const first = await withModel();
    await expect.poll(() => description(odd.conversationId), { timeout: 10_000 }).toBe("");
    await first.close();
    const plain = await taken();
    await pusher(cleanup, db);
    await expect.poll(() => description(plain.conversationId), { timeout: 10_000 }).toBe("");
    expect((await jobOf(plain.conversationId))?.reasonCode).toBe("llm_not_configured");
    expect(llm.requests).toHaveLength(asked);
  });
});

describe("a conversation with pictures", () => {
  it("is kept though little was said, and its summary knows what they show", async () => {
    const answer = { title: "A walk", overview: "With a dog.", category: "personal", discard: true };
    llm.script({ kind: "json", answer });
    count += 1;
    const id = `c${count}`;
    await spoken(db, id, said("Okay."));
    await sql`insert into photos (user_id, conversation_id, id, content_type, bytes, description, created_at, described_at)
      values (${USER}, ${id}, gen_random_uuid(), 'image/jpeg', '\\xff', 'A dog in the park', now(), now())`.execute(db);
    await withModel();
    const conversation = await untilCompleted(db, id);
    expect(conversation).toMatchObject({ discarded: false, summary_kind: "llm", structured: { title: "A walk" } });
    expect(JSON.stringify(llm.requests.at(-1)?.messages)).toContain("A dog in the park");
  });
});

describe("descriptionOf", () => {
  it.each([
    ['"Quoted."', "Quoted."],
    ["  \n ", ""],
    ["a\0b", "ab"],
  ])("makes %j into %j", (answer, expected) => expect(descriptionOf(answer)).toBe(expected));

  it("is bounded", () => expect(descriptionOf("word ".repeat(2_000)).length).toBeLessThanOrEqual(2_001));
});
