/**
 * Another speech engine by one setting: a scripted server of each wire shape instead of the embedded engine, through the real
 * gateway; and what happens when such an engine refuses, cuts or hangs.
 */
import type { Conversation } from "@holdfast/contract";
import {
  jfkMessages,
  type ScriptedDeepgram,
  startScriptedDeepgram,
  startScriptedOpenAi,
  waitFor,
} from "@holdfast/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
let deepgram: ScriptedDeepgram | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  await deepgram?.close();
  world = undefined;
  deepgram = undefined;
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const QUERY = "codec=opus_fs320&sample_rate=16000&language=de&audio_ack=enabled";

async function worldWithDeepgram(
  transcripts: readonly string[],
): Promise<{ world: World; deepgram: ScriptedDeepgram }> {
  deepgram = await startScriptedDeepgram({ transcripts, finalSeconds: 2 });
  world = await startWorld({ HOLDFAST_STT: `deepgram+${deepgram.url}`, HOLDFAST_STT_KEY: "dg-key" });
  await world.start("server", "pusher");
  return { world, deepgram };
}

async function stop(from: World): Promise<string[]> {
  const response = await from.rest("POST", "/v1/conversations", {});
  const { conversation } = (await response.json()) as { readonly conversation: Conversation };
  return conversation.transcript_segments.map((segment) => segment.text);
}

describe("an engine of Deepgram's shape", () => {
  it("gets the encoded packets as they are, in its own terms, and its words become the transcript", async () => {
    const setup = await worldWithDeepgram(["Guten Tag.", "Wie geht es dir?"]);
    const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
    await using client = await setup.world.listen(QUERY).ready();
    expect(client.events.findLast((event) => event.type === "service_status")).toMatchObject({ provider: "deepgram" });
    await client.play(messages.slice(0, 250), frameMs / 4);
    expect(await stop(setup.world)).toEqual(["Guten Tag. Wie geht es dir?"]);
    const [connection] = setup.deepgram.connections;
    expect(connection?.headers.authorization).toBe("Token dg-key");
    expect(Object.fromEntries(connection?.query ?? [])).toMatchObject({
      encoding: "opus",
      sample_rate: "16000",
      language: "de",
      interim_results: "true",
    });
    expect(connection?.audio.slice(0, 250).map(hex)).toEqual(messages.slice(0, 250).map(hex));
  });

  it("that is cut in the middle is opened again and fed from the watermark: nothing lost, nothing twice", async () => {
    const setup = await worldWithDeepgram(["One.", "Two.", "Three.", "Four.", "Five."]);
    const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
    await using client = await setup.world.listen(QUERY).ready();
    const playing = client.play(messages.slice(0, 530), frameMs / 2);
    await waitFor("two words", () => client.text.includes("Two."));
    setup.deepgram.connections[0]?.cut();
    await playing;
    await waitFor("all words", () => client.text.includes("Five."));
    expect(await stop(setup.world)).toEqual(["One. Two. Three. Four. Five."]);
    const second = setup.deepgram.connections[1];
    const from = messages.map(hex).indexOf(hex(second?.audio[0] ?? new Uint8Array()));
    // Two stretches of two seconds were closed; each may need one message more.
    expect(from).toBeGreaterThanOrEqual(200);
    expect(from).toBeLessThanOrEqual(202);
  });

  it("that hangs is noticed without any sound, and replaced", async () => {
    const setup = await worldWithDeepgram(["One.", "Two."]);
    const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
    await using client = await setup.world.listen(QUERY).ready();
    await client.play(messages.slice(0, 110), frameMs / 4);
    await waitFor("a word", () => client.text.includes("One."));
    setup.deepgram.connections[0]?.hang();
    await client.event("service_status", (event) => event.status === "stt_recovering", 20_000);
    await client.play(messages.slice(110, 220), frameMs / 4);
    await waitFor("the next word", () => client.text.includes("Two."), 20_000);
  });

  it("that refuses the key gives way to the embedded engine where that knows the language, and says so", async () => {
    const setup = await worldWithDeepgram([]);
    setup.deepgram.refuse = { status: 401 };
    await setup.world.start("speech");
    const { messages, frameMs } = await jfkMessages("opus_fs320", 1);
    await using client = await setup.world.listen(QUERY.replace("language=de", "language=en")).ready();
    await client.play(messages, frameMs / 4);
    await waitFor("words", () => client.text.includes("country"), 30_000);
    expect(client.events.findLast((event) => event.type === "service_status")).toMatchObject({
      status: "ready",
      provider: "embedded",
      reason: "fallback_from_deepgram",
    });
  });

  it("that refuses the key, and is all there is for the language, ends the session with the reason", async () => {
    const setup = await worldWithDeepgram([]);
    setup.deepgram.refuse = { status: 401 };
    await using client = setup.world.listen(QUERY);
    const failed = await client.event("service_status", (event) => event.status === "stt_failed");
    expect(failed).toMatchObject({ outcome: "config_error", retryable: false, provider: "deepgram" });
    expect(await client.ended()).toEqual({ code: 1011, reason: "transcription_service_unavailable" });
    expect(client.events.filter((event) => event.status === "stt_failed")).toHaveLength(1);
  });

  it("that is away leaves the sound safe and the session open until it is back", async () => {
    const setup = await worldWithDeepgram(["Back."]);
    setup.deepgram.refuse = { status: 503 };
    const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
    await using client = await setup.world.listen(QUERY).ready();
    await client.play(messages.slice(0, 150), frameMs / 4);
    await client.event("audio_ack", (event) => event.sequence === 150);
    expect(client.closed).toBeUndefined();
    setup.deepgram.refuse = undefined;
    await waitFor("the word", () => client.text === "Back.", 20_000);
  });
});

describe("an engine that dies in the middle", () => {
  it("gives way to the next one, which is fed from the watermark and named; new sessions go there at once", async () => {
    const other = await startScriptedDeepgram({ transcripts: ["Two.", "Three."], finalSeconds: 2 });
    deepgram = await startScriptedDeepgram({ transcripts: ["One."], finalSeconds: 2 });
    try {
      world = await startWorld({ HOLDFAST_STT: `deepgram+${deepgram.url},deepgram+${other.url}` });
      await world.start("server", "pusher");
      const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
      await using client = await world.listen(QUERY).ready();
      const playing = client.play(messages.slice(0, 330), frameMs / 2);
      await waitFor("the first word", () => client.text.includes("One."));
      deepgram.refuse = { status: 503 };
      deepgram.connections[0]?.cut();
      await playing;
      await waitFor("the other words", () => client.text.includes("Three."));
      expect(client.events.findLast((event) => event.type === "service_status")).toMatchObject({
        status: "ready",
        reason: "fallback_from_deepgram",
      });
      expect(await stop(world)).toEqual(["One. Two. Three."]);
      await using next = await world.listen(QUERY).ready();
      expect(next.events.findLast((event) => event.type === "service_status")).toMatchObject({
        reason: "fallback_from_deepgram",
      });
      expect(other.connections).toHaveLength(2);
    } finally {
      await other.close();
    }
  });
});

describe("an engine of OpenAI's shape", () => {
  it("is asked for each utterance, which our own speech process finds", async () => {
    const answers = ["First part.", "Second part.", "Third part.", "Fourth part.", "Fifth part."];
    const openai = await startScriptedOpenAi((_request, count) => ({ body: { text: answers[count - 1] ?? "" } }));
    try {
      world = await startWorld({ HOLDFAST_STT: `openai+${openai.url}`, HOLDFAST_STT_KEY: "oa-key" });
      await world.start("server", "pusher", "speech");
      const { messages, frameMs } = await jfkMessages("opus_fs320", 2);
      await using client = await world.listen(QUERY).ready();
      await client.play(messages, frameMs / 2);
      const [text] = await stop(world);
      expect(text).toMatch(/^First part\.( \w+ part\.)+$/);
      expect(openai.requests[0]?.authorization).toBe("Bearer oa-key");
      expect(
        Buffer.from(openai.requests[0]?.file ?? [])
          .subarray(0, 4)
          .toString(),
      ).toBe("RIFF");
    } finally {
      await openai.close();
    }
  });
});
