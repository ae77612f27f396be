/**
 * Text frames of clients through a real gateway and pusher, each a process of its own: words of the client's own, names of
 * speakers, pictures, the reason of an end. The client brings the words, so no speech process runs.
 */
import { randomUUID } from "node:crypto";
import type { Conversation, Segment } from "@holdfast/contract";
import { listJobs, setPrivateCloudSync } from "@holdfast/store";
import { type LiveClient, type LiveEvent, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FakePusher, startFakePusher } from "../support/fake-pusher.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let link: FakePusher;
beforeAll(async () => {
  link = await startFakePusher();
  world = await startWorld({ HOSTED_PUSHER_API_URL: link.url });
  await world.start("pusher", "server");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await link.close();
});
afterEach(async () => {
  for (const { id } of await world.conversations()) await world.rest("DELETE", `/v1/conversations/${id}`);
});

const CUSTOM = "codec=pcm16&sample_rate=16000&language=en&custom_stt=enabled";
const item = (text: string, start: number, end: number, over: object = {}) => ({
  text,
  start,
  end,
  is_user: false,
  speaker: "SPEAKER_01",
  ...over,
});

const send = (client: LiveClient, frame: object | string): void =>
  client.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));

function suggest(client: LiveClient, segments: readonly unknown[], more: object = {}): void {
  send(client, { type: "suggested_transcript", segments, ...more });
}

async function custom(more = ""): Promise<LiveClient> {
  return await world.listen(`${CUSTOM}${more}`).ready();
}

const conversationOf = async (client: LiveClient): Promise<string> =>
  String((await client.event("conversation_session")).conversation_id);

async function get(id: string): Promise<Conversation> {
  return (await (await world.rest("GET", `/v1/conversations/${id}`)).json()) as Conversation;
}

/** The segments as stored, once they are as the test waits for. */
async function stored(id: string, fits: (segments: readonly Segment[]) => boolean): Promise<readonly Segment[]> {
  return await waitFor(`the segments of ${id}`, async () => {
    const segments = (await get(id)).transcript_segments ?? [];
    return fits(segments) ? segments : undefined;
  });
}

describe("words of the client's own", () => {
  it("are stored and shown like recognised ones, without a provider in ready; bad items and frames change nothing", async () => {
    await using client = await custom();
    const ready = client.events.find((event) => event.status === "ready");
    expect(ready).not.toHaveProperty("provider");
    send(client, "not json");
    send(client, { type: "who_knows" });
    send(client, [{ type: "suggested_transcript" }]);
    suggest(client, [
      item("Hello there.", 0, 1),
      { text: "no times" },
      item("How are you?", 2, 3, { is_user: true, speaker: "SPEAKER_00" }),
    ]);
    suggest(client, [item("Very well.", 4, 5)], { stt_provider: "mine" });
    await client.event("conversation_session");
    const id = await conversationOf(client);
    const segments = await stored(id, (list) => list.length === 3);
    expect(segments.map((s) => [s.text, s.start, s.end, s.speaker_id, s.is_user, s.stt_provider])).toEqual([
      ["Hello there.", 0, 1, 1, false, "custom"],
      ["How are you?", 2, 3, 0, true, "custom"],
      ["Very well.", 4, 5, 1, false, "mine"],
    ]);
    await waitFor("the client to hold the same", () => client.segments.size === 3);
    expect([...client.segments.keys()]).toEqual(segments.map((s) => s.id));
    expect(client.closed).toBeUndefined();
  });

  it("are in the conversation that is stopped at once, while their sound waits for nobody", async () => {
    await using client = await custom();
    await client.play(
      Array.from({ length: 100 }, () => new Uint8Array(640).fill(7)),
      1,
    );
    suggest(client, [item("We agreed to ship the release on Friday afternoon.", 0, 2)]);
    await waitFor("the words", () => client.segments.size === 1);
    const response = await world.rest("POST", "/v1/conversations", {});
    const { conversation } = (await response.json()) as { conversation: Conversation };
    expect(conversation.status).toBe("completed");
    expect(conversation.transcript_segments.map((s) => s.text)).toEqual([
      "We agreed to ship the release on Friday afternoon.",
    ]);
    const jobs = await world.db
      .selectFrom("jobs")
      .select("kind")
      .where("conversation_id", "=", conversation.id)
      .execute();
    expect(jobs.map(({ kind }) => kind)).not.toContain("repair");
    const sessions = await world.db.selectFrom("recording_sessions").selectAll().execute();
    for (const session of sessions) expect(session.transcribed_messages).toBe(session.durable_messages);
  });

  it("that came with a socket that closes at once are stored all the same", async () => {
    const id = randomUUID();
    await using client = await custom(`&client_conversation_id=${id}`);
    suggest(
      client,
      Array.from({ length: 40 }, (_, n) =>
        item(`Sentence number ${n}.`, n * 10, n * 10 + 1, { speaker: `SPEAKER_0${n % 2}` }),
      ),
    );
    client.socket.close(1000);
    const segments = await stored(id, (list) => list.length === 40);
    expect(segments.map((s) => s.text)).toEqual(Array.from({ length: 40 }, (_, n) => `Sentence number ${n}.`));
  });

  it("are ignored where the server recognises", async () => {
    await using client = await world.listen("codec=pcm16&sample_rate=16000&language=en").opened();
    const id = await conversationOf(client);
    suggest(client, [item("Nobody said this.", 0, 1)]);
    send(client, { type: "finalization_reason", reason: "retry" });
    await waitFor("the frame behind it", async () => (await get(id)).external_data?.conversation_finalization_reason);
    expect((await get(id)).transcript_segments).toEqual([]);
  });
});

describe("names of speakers", () => {
  it("reach the named segments and everything said later, and ask for a sample where sound is kept", async () => {
    await setPrivateCloudSync(world.db, "u1", true, Date.now());
    await using client = await custom();
    const id = await conversationOf(client);
    suggest(client, [item("Hello there.", 0, 1), item("Good morning.", 20, 21, { speaker: "SPEAKER_02" })]);
    const [first, second] = await stored(id, (list) => list.length === 2);
    const anna = (await (await world.rest("POST", "/v1/users/people", { name: "Anna" })).json()) as { id: string };
    send(client, {
      type: "speaker_assigned",
      speaker_id: 1,
      person_id: anna.id,
      person_name: "Anna",
      segment_ids: [first?.id],
    });
    send(client, {
      type: "speaker_assigned",
      speaker_id: 2,
      person_id: "user",
      person_name: "",
      segment_ids: [second?.id],
    });
    suggest(client, [item("It is late.", 40, 41), item("Yes it is.", 60, 61, { speaker: "SPEAKER_02" })]);
    const segments = await stored(id, (list) => list.length === 4);
    expect(segments.map((s) => [s.person_id, s.is_user, s.speaker_label_source])).toEqual([
      [anna.id, false, "manual"],
      [null, true, "manual"],
      [anna.id, false, "manual"],
      [null, true, "manual"],
    ]);
    const sample = { person_id: anna.id, conversation_id: id, segment_ids: [first?.id] };
    await waitFor("the sample request", () => link.samples.length > 0);
    expect(link.samples).toEqual([sample]);
    const { person_id, conversation_id: conversationId, segment_ids } = sample;
    const [request] = await listJobs(world.db, { kinds: ["speech_sample"], limit: 1 });
    expect(request).toMatchObject({ conversationId, state: "queued", payload: { person_id, segment_ids } });
    expect((request?.dueMs ?? 0) - (request?.createdMs ?? 0)).toBe(120_000);
    await setPrivateCloudSync(world.db, "u1", false, Date.now());
  });

  it("are kept while the segment grows, and taken back by an empty one", async () => {
    await using client = await custom();
    const id = await conversationOf(client);
    suggest(client, [item("so I said", 0, 1)]);
    const [segment] = await stored(id, (list) => list.length === 1);
    send(client, { type: "speaker_assigned", speaker_id: 1, person_id: "p9", segment_ids: [segment?.id] });
    suggest(client, [item("that we should go.", 1, 2)]);
    const [grown] = await stored(id, ([first]) => first?.text === "so I said that we should go.");
    expect(grown).toMatchObject({ id: segment?.id, person_id: "p9", speaker_label_source: "manual" });
    send(client, { type: "speaker_assigned", speaker_id: 1, person_id: "", segment_ids: [segment?.id] });
    await stored(id, ([first]) => first?.person_id === null && first.speaker_label_source === null);
  });

  it("work for a conversation of the session that is over", async () => {
    await using client = await custom();
    const id = await conversationOf(client);
    suggest(client, [item("We agreed to ship the release on Friday afternoon.", 0, 2)]);
    const [segment] = await stored(id, (list) => list.length === 1);
    await world.rest("POST", "/v1/conversations", {});
    await client.event("conversation_session", (event) => event.conversation_id !== id);
    send(client, { type: "speaker_assigned", speaker_id: 1, person_id: "p1", segment_ids: [segment?.id, "unknown"] });
    await stored(id, ([first]) => first?.person_id === "p1");
    expect((await get(id)).status).toBe("completed");
  });
});

describe("a speaker who says their name", () => {
  const suggestions = (client: LiveClient): LiveEvent[] =>
    client.events.filter((event) => event.type === "speaker_label_suggestion");

  it("is suggested once, without a person where the client did not ask for one", async () => {
    await world.rest("POST", "/v1/users/people", { name: "Clara" });
    await using client = await custom();
    suggest(client, [
      item("Hi, my name is clara.", 0, 1),
      item("Hi, my name is Clara.", 10, 11),
      item("I'm Clara, as I said.", 20, 21),
    ]);
    suggest(client, [item("Hello, I'm Tom.", 30, 31, { speaker: "SPEAKER_04" })]);
    await client.event("speaker_label_suggestion", (event) => event.person_name === "Tom");
    const segments = [...client.segments.values()];
    expect(suggestions(client)).toEqual([
      {
        type: "speaker_label_suggestion",
        speaker_id: 1,
        person_id: "",
        person_name: "Clara",
        segment_id: segments.find((segment) => segment.text.includes("is Clara"))?.id,
      },
      expect.objectContaining({ speaker_id: 4, person_id: "", person_name: "Tom" }),
    ]);
    const people = (await (await world.rest("GET", "/v1/users/people")).json()) as { name: string }[];
    expect(people.map(({ name }) => name)).not.toContain("Tom");
  });

  it("is matched, or made, where the client asked for it", async () => {
    const dora = (await (await world.rest("POST", "/v1/users/people", { name: "Dora" })).json()) as { id: string };
    await using client = await custom("&speaker_auto_assign=enabled");
    suggest(client, [item("My name is DORA, by the way.", 0, 1), item("I'm Emil.", 10, 11, { speaker: "SPEAKER_02" })]);
    expect(await client.event("speaker_label_suggestion", (e) => e.speaker_id === 1)).toMatchObject({
      person_id: dora.id,
    });
    const emil = await client.event("speaker_label_suggestion", (e) => e.speaker_id === 2);
    const person = await world.rest("GET", `/v1/users/people/${emil.person_id}`);
    expect(await person.json()).toMatchObject({ name: "Emil" });
    await using careful = await custom("&speaker_auto_assign=enabled&create_speakers=false");
    suggest(careful, [item("I'm Frieda.", 20, 21, { speaker: "SPEAKER_03" })]);
    expect(await careful.event("speaker_label_suggestion")).toMatchObject({ person_id: "", person_name: "Frieda" });
  });
});

describe("pictures", () => {
  const JPEG = Buffer.concat([Buffer.from("ffd8ffe0", "hex"), Buffer.alloc(3_000, 5)]).toString("base64");
  const pieces = (id: string, data: string, size: number): object[] => {
    const total = Math.ceil(data.length / size);
    return Array.from({ length: total }, (_, index) => ({
      type: "image_chunk",
      id,
      index,
      total,
      data: data.slice(index * size, (index + 1) * size),
    }));
  };

  it("are put together, kept, and honestly described by nothing where there is no model", async () => {
    await using client = await custom();
    const id = await conversationOf(client);
    for (const piece of pieces("t1", JPEG, 1_000).reverse()) send(client, piece);
    const processing = await client.event("photo_processing", (event) => event.temp_id === "t1");
    const described = await client.event("photo_described", (event) => event.photo_id === processing.photo_id);
    expect(described).toEqual({
      type: "photo_described",
      photo_id: processing.photo_id,
      description: "",
      discarded: false,
    });
    const photos = (await (await world.rest("GET", `/v1/conversations/${id}/photos`)).json()) as object[];
    expect(photos).toEqual([
      expect.objectContaining({ id: processing.photo_id, base64: JPEG, content_type: "image/jpeg", description: "" }),
    ]);
    expect((await get(id)).photos).toEqual([expect.objectContaining({ id: processing.photo_id, base64: "" })]);
    expect((await world.conversations()).map(({ photos: listed }) => listed)).toEqual([[]]);
    await client.close();
    const response = await world.rest("POST", "/v1/conversations", {});
    const { conversation } = (await response.json()) as { conversation: Conversation };
    expect(conversation).toMatchObject({ id, status: "completed", discarded: false });
  });

  it.each([
    ["that is malformed", { id: "t", index: 3, total: 2, data: "AAAA" }],
    ["that is not base64", { id: "t", index: 0, total: 2, data: "!!!!" }],
  ])("end the session with a piece %s", async (_, chunk) => {
    await using client = await custom();
    suggest(client, [item("Said before.", 0, 1)]);
    send(client, { type: "image_chunk", ...chunk });
    expect(await client.ended()).toEqual({ code: 1008, reason: "invalid image chunk" });
  });
});

describe("the reason of an end", () => {
  it("is kept with the conversation it was given for; an unknown one is ignored", async () => {
    await using client = await custom();
    const id = await conversationOf(client);
    suggest(client, [item("We agreed to ship the release on Friday afternoon.", 0, 2)]);
    send(client, { type: "finalization_reason", reason: "finish_and_continue" });
    send(client, { type: "finalization_reason", reason: "because" });
    await waitFor("the words", () => client.segments.size === 1);
    await world.rest("POST", "/v1/conversations", {});
    const { external_data } = await get(id);
    expect(external_data).toMatchObject({
      conversation_finalization_reason: "finish_and_continue",
      conversation_role: "ambient",
    });
  });
});

describe("onboarding", () => {
  it("begins when the client says so, takes answers after silence, and can be skipped", async () => {
    await using client = await custom("&onboarding=enabled&source=onboarding");
    send(client, { type: "start_onboarding" });
    send(client, { type: "start_onboarding" });
    const question = await client.event("onboarding_question");
    expect(question).toMatchObject({ question_index: 0, question: expect.any(String), total_questions: 5 });
    suggest(client, [item("Um.", 0, 1), item("My name is Anna.", 2, 3)]);
    const answered = await client.event("question_answered");
    expect(answered).toEqual({ type: "question_answered", question_index: 0, answered: true });
    for (let n = 1; n < 5; n += 1) {
      await client.event("onboarding_question", (event) => event.question_index === n);
      send(client, { type: "skip_question" });
    }
    const complete = await client.event("onboarding_complete");
    expect(complete).toEqual({ type: "onboarding_complete", answers_count: 1 });
    const asked = client.events.filter((event) => event.type === "onboarding_question");
    expect(asked.map((event) => event.question_index)).toEqual([0, 1, 2, 3, 4]);
    expect(client.events.filter((event) => event.type === "question_skipped")).toHaveLength(4);
  });

  it("asks nothing where it was not wanted", async () => {
    await using client = await custom();
    send(client, { type: "start_onboarding" });
    suggest(client, [item("Hello there.", 0, 1)]);
    await waitFor("the words", () => client.segments.size === 1);
    expect(client.order).not.toContain("onboarding_question");
  });
});

describe("the envelope of a conversation", () => {
  it("names its phase, with a number that grows", async () => {
    await using client = await custom();
    const id = await conversationOf(client);
    suggest(client, [item("We agreed to ship the release on Friday afternoon.", 0, 2)]);
    await waitFor("the words", () => client.segments.size === 1);
    await world.rest("POST", "/v1/conversations", {});
    const created = await client.event("memory_created");
    const next = await client.event("conversation_session", (event) => event.conversation_id !== id);
    const first = await client.event("conversation_session");
    for (const event of [first, created, next]) expect(event).toMatchObject({ lifecycle_version: 1 });
    const phases = [first, created, next].map((event) => event.lifecycle_phase);
    expect(phases).toEqual(["in_progress", "completed", "in_progress"]);
    expect(Number(created.lifecycle_sequence)).toBeGreaterThan(Number(first.lifecycle_sequence));
    expect((await client.event("memory_processing_started")).lifecycle_sequence).toEqual(expect.any(Number));
    expect(created.recording_session_id).toBe(first.recording_session_id);
  });
});
