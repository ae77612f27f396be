/**
 * A gateway that was never told of a pusher (reference listen-and-pusher 8.1 no. 4): conversations are finished all the same,
 * wait where one can see them and why, are counted, and are completed by the first pusher that comes.
 */
import type { Conversation } from "@holdfast/contract";
import { jfkMessages, type ScriptedDeepgram, startScriptedDeepgram, waitFor } from "@holdfast/testkit";
import { afterEach, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World | undefined;
let deepgram: ScriptedDeepgram | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  await deepgram?.close();
});

it("admits conversations with a reason, counts them, and any pusher completes them later", async () => {
  // The empty one is for what is left of the first sound when its conversation ends.
  deepgram = await startScriptedDeepgram({ transcripts: ["First words.", "", "Second words."], finalSeconds: 2 });
  const lone = await startWorld({ HOLDFAST_STT: `deepgram+${deepgram.url}`, HOSTED_PUSHER_API_URL: "" });
  world = lone;
  await lone.start("server");
  const { messages, frameMs } = await jfkMessages("opus_fs320", 0);
  const client = await lone.listen("codec=opus_fs320&sample_rate=16000&language=en").ready();
  const say = async (from: number, words: string) => {
    await client.play(messages.slice(from, from + 110), frameMs / 4);
    await waitFor(words, () => client.text.includes(words));
  };
  await say(0, "First words.");
  // The live session ends its conversation; the answer would come with its completion, and there is none.
  const stopped = lone.rest("POST", "/v1/conversations", {}).catch(() => undefined);
  await client.event("memory_processing_started");
  const figure = async (name: string): Promise<string | undefined> => {
    const text = await (await lone.rest("GET", "/metrics")).text();
    return new RegExp(`^${name} (\\d+)$`, "mu").exec(text)?.[1];
  };
  expect(await figure("holdfast_handoff_without_pusher_total")).toBe("1");

  // A conversation that no session holds any more counts too.
  await say(110, "Second words.");
  await client[Symbol.asyncDispose]();
  await waitFor("the session to end", async () => (await figure("holdfast_live_sessions")) === "0");
  const open = await waitFor("the second conversation", async () =>
    (await lone.conversations()).find((item: Conversation) => item.status === "in_progress"),
  );
  const finalised = lone.rest("POST", `/v1/conversations/${open.id}/finalize`, {}).catch(() => undefined);
  await waitFor(
    "the second to be counted",
    async () => (await figure("holdfast_handoff_without_pusher_total")) === "2",
  );
  const waiting = await lone.conversations();
  expect(waiting.map(({ status, state_reason }) => [status, state_reason])).toEqual([
    ["processing", "awaiting_processing"],
    ["processing", "awaiting_processing"],
  ]);

  // Who comes back is told of what was left behind.
  await using back = await lone.listen("codec=opus_fs320&sample_rate=16000&language=en").ready();
  await lone.start("pusher");
  const done = await lone.finished();
  expect(done.map(({ transcript_segments }) => transcript_segments.map(({ text }) => text).join(" "))).toEqual([
    "First words.",
    "Second words.",
  ]);
  for (const { id } of done) await back.event("memory_created", (event) => event.conversation_id === id);
  await Promise.all([stopped, finalised]);
});
