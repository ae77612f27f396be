/** A real gateway that asks for the audio timeline, and a pusher that knows nothing of it: no device waits for the answer. */
import { setWebhook } from "@holdfast/store";
import { waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FakePusher, startFakePusher } from "../support/fake-pusher.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let pusher: FakePusher;
beforeAll(async () => {
  pusher = await startFakePusher();
  world = await startWorld({ HOSTED_PUSHER_API_URL: pusher.url, HOLDFAST_AUDIO_TIMELINE: "true" });
  await world.start("server");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await pusher.close();
});

it("ready comes at once, and words and sound reach the pusher when the wait is over", async () => {
  await setWebhook(world.db, "u1", { type: "audio_bytes", url: "https://example.com", everySeconds: null }, Date.now());
  await using client = await world.listen("codec=pcm16&sample_rate=16000&language=en&custom_stt=enabled").ready();
  expect(client.events.some(({ status }) => status === "ready")).toBe(true);
  const segments = [{ text: "Hello.", start: 0, end: 1, is_user: true, speaker: "SPEAKER_00" }];
  client.socket.send(JSON.stringify({ type: "suggested_transcript", segments }));
  const link = await waitFor("the link", () => pusher.links[0]);
  expect(new URL(link.url, "ws://pusher").searchParams.get("audio_timeline")).toBe("2");
  await waitFor("the words", () => client.segments.size === 1);
  expect(link.kinds).toEqual([]);
  await waitFor("words and sound", () => {
    // Sound that came before anybody was known to want it went nowhere.
    client.socket.send(new Uint8Array(640));
    return link.kinds.includes("transcript") && link.kinds.includes("audio");
  });
  expect(link.kinds[0]).toBe("conversation");
});
