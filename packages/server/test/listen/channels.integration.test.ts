/**
 * Calls: two channels over one socket, each with its own recogniser, in one conversation that says who said what. Real
 * processes and real speech; also with the gateway or the recogniser killed in the middle.
 */
import { randomUUID } from "node:crypto";
import type { Conversation } from "@holdfast/contract";
import { JFK_WORDS, jfkMessages, plainWords, waitFor, wordErrors } from "@holdfast/testkit";
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

const QUERY = "codec=opus_fs320&sample_rate=16000&language=en&channels=2&source=phone_call&audio_ack=enabled";

const tagged = (channel: number, message: Uint8Array): Uint8Array => Uint8Array.from([channel, ...message]);

/** Both sides say the whole fixture; the other side joins half a second later, and sends nothing before. */
async function twoVoices(): Promise<{ readonly messages: Uint8Array[]; readonly frameMs: number }> {
  const { messages, frameMs } = await jfkMessages("opus_fs320");
  const late = 25;
  const turns = Array.from({ length: messages.length + late }, (_, index) =>
    [
      { channel: 1, message: messages[index] },
      { channel: 2, message: messages[index - late] },
    ].flatMap(({ channel, message }) => (message === undefined ? [] : [tagged(channel, message)])),
  );
  return { messages: turns.flat(), frameMs: frameMs / 2 };
}

function expectBoth(conversation: Conversation | undefined): void {
  const spoken = (speaker: string): string[] =>
    plainWords(
      (conversation?.transcript_segments ?? [])
        .filter((segment) => segment.speaker === speaker)
        .map((segment) => segment.text)
        .join(" "),
    );
  for (const speaker of ["SPEAKER_00", "SPEAKER_01"]) {
    const understood = spoken(speaker);
    expect(wordErrors(JFK_WORDS, understood), `${speaker}: ${understood.join(" ")}`).toBeLessThanOrEqual(2);
  }
  const users = new Set(conversation?.transcript_segments.map((segment) => `${segment.speaker} ${segment.is_user}`));
  expect([...users].sort()).toEqual(["SPEAKER_00 true", "SPEAKER_01 false"]);
}

const acknowledged = (events: readonly { readonly type: string; readonly sequence?: unknown }[]): number =>
  Math.max(0, ...events.filter(({ type }) => type === "audio_ack").map(({ sequence }) => Number(sequence)));

describe("a call of two channels", () => {
  it("becomes one conversation with both sides, finished when its socket closes", async () => {
    const { messages, frameMs } = await twoVoices();
    await using client = await world.listen(`${QUERY}&call_id=call-7`).ready();
    client.socket.send(Uint8Array.from([9, 1, 2, 3]));
    await client.play(messages, frameMs / 2);
    await waitFor("everything to be durable", () => acknowledged(client.events) === messages.length + 1, 20_000);
    await client.close();
    const [conversation, ...more] = await world.finished();
    expect(more).toEqual([]);
    expectBoth(conversation);
    expect(conversation).toMatchObject({ source: "phone_call", call_id: "call-7" });
  });

  it("is never joined to an open conversation", async () => {
    await using ordinary = await world.listen("codec=opus&sample_rate=16000&language=en&source=phone_call").ready();
    await using call = await world.listen(QUERY).ready();
    const [ofOrdinary, ofCall] = await Promise.all([ordinary, call].map((one) => one.event("conversation_session")));
    expect(ofCall?.conversation_id).not.toBe(ofOrdinary?.conversation_id);
    await Promise.all([ordinary.close(), call.close()]);
    await waitFor("both empty conversations to be gone", async () => (await world.conversations()).length === 0);
  });

  it("keeps every word of both sides when the gateway is killed and the client comes back", async () => {
    const { messages, frameMs } = await twoVoices();
    const id = randomUUID();
    await using first = await world.listen(`${QUERY}&client_conversation_id=${id}`).ready();
    const playing = first.play(messages, frameMs);
    await waitFor("words of both sides", () => first.segments.size > 1, 20_000);
    await world.kill("server");
    await playing;
    const durable = acknowledged(first.events);
    expect(durable).toBeGreaterThan(0);
    await world.start("server");
    const again = `${QUERY}&client_conversation_id=${id}&first_sequence=${durable}`;
    await using second = await world.listen(again).ready();
    await second.play(messages.slice(durable), frameMs / 2);
    await waitFor("everything to be durable", () => acknowledged(second.events) === messages.length, 20_000);
    await second.close();
    const list = await world.finished();
    expect(list.map((item) => item.id)).toEqual([id]);
    expectBoth(list[0]);
  });

  it("has what the recogniser missed repaired, each side from where its words ended", async () => {
    const { messages, frameMs } = await twoVoices();
    await using client = await world.listen(QUERY).ready();
    const playing = client.play(messages, frameMs / 2);
    await waitFor("words of both sides", () => client.segments.size > 1, 20_000);
    await world.kill("speech");
    await playing;
    await waitFor("everything to be durable", () => acknowledged(client.events) === messages.length, 20_000);
    const stopped = world.rest("POST", "/v1/conversations", {});
    await waitFor("the conversation to say why it waits", async () =>
      (await world.conversations()).some((item) => item.state_reason === "awaiting_transcription"),
    );
    await world.start("speech");
    await stopped;
    const list = await world.finished();
    expect(list).toHaveLength(1);
    expectBoth(list[0]);
  });
});
