/**
 * Real processes killed in the middle of real speech. Each ends the same way: one conversation, completed once, with every
 * word of the fixture in it once.
 */
import { randomUUID } from "node:crypto";
import type { Conversation } from "@holdfast/contract";
import { JFK_WORDS, jfkMessages, type LiveClient, plainWords, waitFor, wordErrors } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.start("speech", "pusher", "worker", "server");
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const QUERY = "codec=opus_fs320&sample_rate=16000&language=en&audio_ack=enabled";

function expectOnce(conversations: readonly Conversation[]): void {
  expect(conversations).toHaveLength(1);
  const text = conversations.flatMap((item) => item.transcript_segments.map((segment) => segment.text)).join(" ");
  const understood = plainWords(text);
  expect(wordErrors(JFK_WORDS, understood), `understood: ${text}`).toBeLessThanOrEqual(1);
  expect(conversations[0]?.status).toBe("completed");
}

const acknowledged = (client: LiveClient): number =>
  Math.max(0, ...client.events.filter((event) => event.type === "audio_ack").map((event) => Number(event.sequence)));

/** Stop, as an app does: again and again until the server takes it. */
async function stop(): Promise<void> {
  await waitFor(
    "stop to be taken",
    async () => {
      const response = await world.rest("POST", "/v1/conversations", {}).catch(() => undefined);
      return response?.status === 200;
    },
    60_000,
  );
}

describe("killed with -9 while somebody speaks", () => {
  it("speech: the recogniser is fed again from the store", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(QUERY).ready();
    const playing = client.play(messages, frameMs);
    await waitFor("first words", () => client.segments.size > 0);
    await world.kill("speech");
    await client.event("service_status", (event) => event.status === "stt_recovering");
    await world.start("speech");
    await playing;
    await waitFor("all words", () => plainWords(client.text).length >= JFK_WORDS.length - 1, 30_000);
    await stop();
    expectOnce(await world.finished());
  });

  it("speech, and it never comes back before stop: its words arrive by repair", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(QUERY).ready();
    const playing = client.play(messages, frameMs / 2);
    await waitFor("first words", () => client.segments.size > 0);
    await world.kill("speech");
    await playing;
    const stopped = world.rest("POST", "/v1/conversations", {});
    await waitFor("the conversation to say why it waits", async () => {
      const [row] = (await world.conversations()).filter((item) => item.state_reason === "awaiting_transcription");
      return row?.status === "processing";
    });
    await world.start("speech");
    await stopped;
    expectOnce(await world.finished());
  });

  it("gateway: the client comes back and replays what was not acknowledged", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    const id = randomUUID();
    const query = `${QUERY}&client_conversation_id=${id}`;
    await using first = await world.listen(query).ready();
    const playing = first.play(messages, frameMs);
    await waitFor("some of it to be safe", () => acknowledged(first) > 150);
    await world.kill("server");
    await playing;
    const from = acknowledged(first);
    await world.start("server");
    await using second = await world.listen(`${query}&first_sequence=${from}`).ready();
    await second.play(messages.slice(from), frameMs / 2);
    await waitFor("everything to be safe", () => acknowledged(second) === messages.length);
    await stop();
    const done = await world.finished();
    expectOnce(done);
    expect(done[0]?.id).toBe(id);
  });

  it("gateway, and the client never comes back: the worker repairs and ends the conversation", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(QUERY).ready();
    await client.play(messages, frameMs / 4);
    await waitFor("everything to be safe", () => acknowledged(client) === messages.length);
    await world.kill("server");
    // Two minutes of silence, said to the database instead of waited for.
    await sql`update conversations set finished_at = finished_at - interval '3 minutes'`.execute(world.db);
    await world.start("server");
    expectOnce(await world.finished(90_000));
  });

  it("pusher: another takes the conversation, and the client hears of it", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(QUERY).ready();
    await client.play(messages, frameMs / 4);
    await world.kill("pusher");
    const stopped = world.rest("POST", "/v1/conversations", {});
    await client.event("memory_processing_started");
    await world.start("pusher");
    await client.event("memory_created");
    expect((await stopped).status).toBe(200);
    expectOnce(await world.finished());
  });

  it("postgres: sound waits in memory, then everything goes on", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    await using client = await world.listen(QUERY).ready();
    const playing = client.play(messages, frameMs);
    await waitFor("some of it to be safe", () => acknowledged(client) > 100);
    await world.crashDatabase();
    await playing;
    await waitFor("everything to be safe", () => acknowledged(client) === messages.length, 30_000);
    await stop();
    expectOnce(await world.finished());
  });
});

describe("an orderly restart", () => {
  it("makes everything durable, closes with 1012, and loses no word", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320");
    const query = `${QUERY}&client_conversation_id=${randomUUID()}`;
    await using first = await world.listen(query).ready();
    const playing = first.play(messages, frameMs);
    await waitFor("first words", () => first.segments.size > 0);
    const ended = world.role("server").stop();
    expect((await first.ended()).code).toBe(1012);
    await playing;
    expect(await ended).toBe(0);
    const from = acknowledged(first);
    await world.start("server");
    await using second = await world.listen(`${query}&first_sequence=${from}`).ready();
    await second.play(messages.slice(from), frameMs / 2);
    await waitFor("everything to be safe", () => acknowledged(second) === messages.length);
    await stop();
    expectOnce(await world.finished());
  });
});
