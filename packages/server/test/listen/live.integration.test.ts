/**
 * The live path on real parts: codecs, start sequence, words, acknowledgements, resume, stop, the whole conversation in
 * `memory_created`. Real speech process, pusher, worker, gateway, PostgreSQL.
 */
import { randomUUID } from "node:crypto";
import type { Conversation } from "@holdfast/contract";
import { type FixtureCodec, JFK_WORDS, jfkMessages, plainWords, waitFor, wordErrors } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.start("speech", "pusher", "worker", "server");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const { id } of await world.conversations()) await world.rest("DELETE", `/v1/conversations/${id}`);
});

const query = (codec: string, rate: number, more = ""): string =>
  `codec=${codec}&sample_rate=${rate}&language=en${more}`;

async function stop(): Promise<{ readonly status: number; readonly conversation: Conversation }> {
  const response = await world.rest("POST", "/v1/conversations", {});
  const body = (await response.json()) as { readonly conversation: Conversation };
  return { status: response.status, conversation: body.conversation };
}

const textOf = (conversation: Conversation): string =>
  conversation.transcript_segments.map((segment) => segment.text).join(" ");

/** Every word once and in order; the recogniser may mishear one in twenty. */
function expectWords(conversation: Conversation, said: readonly string[]): void {
  const understood = plainWords(textOf(conversation));
  expect(understood).toHaveLength(said.length);
  expect(wordErrors(said, understood)).toBeLessThanOrEqual(said.length / 20);
}

describe("a live recording", () => {
  it.each<[FixtureCodec, string]>([
    ["opus", "opus"],
    ["opus_fs320", "opus_fs320"],
    ["pcm16", "pcm16"],
    ["pcm8", "pcm8"],
    ["pcm8-16bit", "pcm8"],
    ["aac", "aac"],
    ["lc3_fs1030", "lc3_fs1030"],
  ])("in %s becomes words, then a finished conversation", async (fixture, codec) => {
    const { messages, sampleRate, frameMs } = await jfkMessages(fixture);
    await using client = await world.listen(query(codec, sampleRate)).ready();
    await client.play(messages, frameMs / 4);
    const { status, conversation } = await stop();
    expect(status).toBe(200);
    expect(conversation.status).toBe("completed");
    expectWords(conversation, JFK_WORDS);
    const created = await client.event("memory_created");
    expect((created.memory as Conversation).transcript_segments).toEqual(conversation.transcript_segments);
    expect(conversation.structured.title).not.toBe("");
    expect(conversation.summary_kind).toBe("basic");
  });

  it("starts in the order of the contract", async () => {
    await using client = await world.listen(query("pcm16", 16_000)).ready();
    expect(client.order).toEqual([
      "service_status",
      "service_status",
      "conversation_session",
      "service_status",
      "ping",
      "service_status",
    ]);
    const statuses = client.events.filter((event) => event.type === "service_status").map((event) => event.status);
    expect(statuses).toEqual(["initiating", "in_progress_conversations_processing", "stt_initiating", "ready"]);
    expect(client.events.at(-1)).toMatchObject({ provider: "embedded" });
  });

  it("shows words while they are spoken, under ids that stay, and ends with what is stored", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(query("opus_fs320", 16_000)).ready();
    await client.play(messages, frameMs);
    const { conversation } = await stop();
    expect(client.segmentUpdates.length).toBeGreaterThan(4);
    expect(new Set(client.segmentUpdates.flatMap((update) => update.ids)).size).toBeLessThan(
      client.segmentUpdates.length,
    );
    const stored = conversation.transcript_segments.map((segment) => [segment.id, segment.text]);
    expect([...client.segments.values()].map((segment) => [segment.id, segment.text])).toEqual(stored);
    expect(conversation.transcript_segments[0]?.start).toBe(0);
    expect(conversation.transcript_segments.at(-1)?.end).toBeGreaterThan(8);
    expect(conversation.transcript_segments.at(-1)?.end).toBeLessThan(12);
    await client.event("memory_created");
    const types = client.order.filter((type) => type.startsWith("memory_"));
    expect(types).toEqual(["memory_processing_started", "memory_created"]);
  });

  it("names the last completed conversation at the next start, and goes on with a new one", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using first = await world.listen(query("opus_fs320", 16_000)).ready();
    await first.play(messages, frameMs / 10);
    const { conversation } = await stop();
    await first.event("conversation_session", (event) => event.conversation_id !== conversation.id);
    await using second = await world.listen(query("opus_fs320", 16_000)).ready();
    expect(await second.event("last_memory")).toMatchObject({ memory_id: conversation.id });
  });

  it("answers 404 to stop where nothing was said", async () => {
    await using _client = await world.listen(query("pcm16", 16_000)).ready();
    expect((await world.rest("POST", "/v1/conversations", {})).status).toBe(404);
  });
});

describe("a socket that closes", () => {
  it("leaves no empty conversation behind, and keeps one with words open", async () => {
    await using silent = await world.listen(query("pcm16", 16_000)).ready();
    await silent.play(
      Array.from({ length: 50 }, () => new Uint8Array(640)),
      1,
    );
    await silent.close();
    await waitFor("the empty one to go", async () => (await world.conversations()).length === 0);
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(query("opus_fs320", 16_000)).ready();
    await client.play(messages, frameMs / 10);
    await waitFor("the words", () => plainWords(client.text).length >= JFK_WORDS.length - 1);
    await client.close();
    expect((await world.conversations()).map((item) => item.status)).toEqual(["in_progress"]);
  });
});

describe("acknowledgements and resume", () => {
  it("come only for clients that ask, grow, and reach everything that was sent", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using quiet = await world.listen(query("opus_fs320", 16_000)).ready();
    await using client = await world.listen(query("opus_fs320", 16_000, "&audio_ack=enabled")).ready();
    await Promise.all([client.play(messages, frameMs / 10), quiet.play(messages.slice(0, 50), 2)]);
    await client.event("audio_ack", (event) => event.sequence === messages.length);
    const acks = client.events.filter((event) => event.type === "audio_ack").map((event) => Number(event.sequence));
    expect(acks).toEqual([...acks].sort((a, b) => a - b));
    expect(quiet.order).not.toContain("audio_ack");
  });

  it("lets a client that lost its socket replay from what was acknowledged: every word once", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    const id = randomUUID();
    const resume = `&audio_ack=enabled&client_conversation_id=${id}`;
    await using first = await world.listen(query("opus_fs320", 16_000, resume)).ready();
    await first.play(messages.slice(0, 280), frameMs / 2);
    await first.event("audio_ack", (event) => Number(event.sequence) >= 200);
    first.socket.terminate();
    const ack = Math.max(...first.events.filter((e) => e.type === "audio_ack").map((e) => Number(e.sequence)));
    const from = ack - 30;
    await using second = await world.listen(query("opus_fs320", 16_000, `${resume}&first_sequence=${from}`)).ready();
    expect((await second.event("conversation_session")).conversation_id).toBe(id);
    await second.play(messages.slice(from), frameMs / 2);
    await second.event("audio_ack", (event) => event.sequence === messages.length);
    const { conversation } = await stop();
    expect(conversation.id).toBe(id);
    expectWords(conversation, JFK_WORDS);
  });

  it("ends the live way for a client that uploads the rest: says how much came, and takes no more from the old socket", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    const id = randomUUID();
    const more = `&audio_ack=enabled&client_conversation_id=${id}`;
    await using client = await world.listen(query("opus_fs320", 16_000, more)).ready();
    await client.play(messages.slice(0, 300), frameMs / 2);
    await client.event("audio_ack", (event) => Number(event.sequence) >= 200);
    // Half open: the client is gone, and what it sent last is still on its way.
    const rest = client.play(messages.slice(300), 1).catch(() => {});
    const end = async () => await world.rest("PUT", `/v1/recording-sessions/${id.toUpperCase()}/ended`);
    const answer = await end();
    const ended = (await answer.json()) as { readonly durable_messages: number };
    expect(ended).toMatchObject({ recording_session_id: id, conversation_id: id });
    expect(ended.durable_messages).toBeGreaterThanOrEqual(200);
    await rest;
    await client.ended();
    await waitFor("the words of what came", async () => {
      const [conversation] = await world.conversations();
      return plainWords((conversation?.transcript_segments ?? []).map(({ text }) => text).join(" ")).length >= 6;
    });
    const { rows } = {
      rows: await world.db.selectFrom("audio_chunks").selectAll().where("recording_session_id", "=", id).execute(),
    };
    expect(rows.reduce((sum, row) => sum + row.message_count, 0)).toBe(ended.durable_messages);
    expect(await (await end()).json()).toEqual(ended);
    expect((await world.rest("PUT", `/v1/recording-sessions/${randomUUID()}/ended`)).status).toBe(404);
    expect((await world.rest("PUT", "/v1/recording-sessions/nonsense/ended")).status).toBe(404);
  });

  it("acknowledges nothing behind a hole", async () => {
    const more = `&audio_ack=enabled&client_conversation_id=${randomUUID()}&first_sequence=500`;
    await using client = await world.listen(query("pcm16", 16_000, more)).ready();
    await client.play(
      Array.from({ length: 100 }, () => new Uint8Array(640)),
      2,
    );
    const conversationId = String((await client.event("conversation_session")).conversation_id);
    await waitFor("the audio to be stored", async () => {
      const rows = await world.db
        .selectFrom("audio_chunks")
        .selectAll()
        .where("conversation_id", "=", conversationId)
        .execute();
      return rows.reduce((sum, row) => sum + row.message_count, 0) === 100;
    });
    expect(client.order).not.toContain("audio_ack");
  });

  it("gives the recording to the newer of two sockets", async () => {
    const more = `&audio_ack=enabled&client_conversation_id=${randomUUID()}`;
    await using old = await world.listen(query("pcm16", 16_000, more)).ready();
    await using current = await world.listen(query("pcm16", 16_000, more)).ready();
    await old.play([new Uint8Array(640)], 1);
    expect((await old.ended()).code).toBe(1001);
    await current.play([new Uint8Array(640)], 1);
    await current.event("audio_ack", (event) => event.sequence === 1);
  });

  it("continues an open conversation of the same device on its own axis", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using first = await world.listen(query("opus_fs320", 16_000)).ready();
    await first.play(messages, frameMs / 10);
    await waitFor("the words", () => plainWords(first.text).length === JFK_WORDS.length);
    await first.close();
    await using second = await world.listen(query("opus_fs320", 16_000)).ready();
    await second.play(messages, frameMs / 10);
    const { conversation } = await stop();
    expectWords(conversation, [...JFK_WORDS, ...JFK_WORDS]);
    const starts = conversation.transcript_segments.map((segment) => segment.start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });
});
