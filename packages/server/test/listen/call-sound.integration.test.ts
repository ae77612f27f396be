/** The sound of a call at a webhook: real gateway, real pusher, a real receiver. What both sides said is added up, to the last. */
import { setWebhook } from "@holdfast/store";
import { type Receiver, startReceiver, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  world = await startWorld({ HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1" });
  await world.start("pusher", "server");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** 20 ms of one loudness. */
const side = (channel: number, loudness: number): Uint8Array =>
  Uint8Array.from([channel, ...new Uint8Array(new Int16Array(320).fill(loudness).buffer)]);

it("of two sides reaches a webhook as their sum, and what one side says alone at the end too", async () => {
  await setWebhook(world.db, "u1", { type: "audio_bytes", url: receiver.url, everySeconds: 1 }, Date.now());
  const query = "codec=pcm16&sample_rate=16000&language=en&channels=2&source=phone_call&custom_stt=enabled";
  await using client = await world.listen(query).ready();
  const say = (mine: number, theirs: number) => {
    client.socket.send(side(1, mine));
    client.socket.send(side(2, theirs));
  };
  await waitFor("silence to arrive", () => {
    say(0, 0);
    return receiver.received.length > 0;
  });
  for (let n = 0; n < 50; n += 1) say(1_000, 200);
  for (let n = 0; n < 50; n += 1) say(20_000, 20_000);
  client.socket.send(side(9, 5_000));
  for (let n = 0; n < 25; n += 1) client.socket.send(side(1, 300));
  await client.close();
  const heard = () => {
    const bytes = Buffer.concat(receiver.received.map(({ body }) => body));
    const counts = new Map<number, number>();
    for (let at = 0; at < bytes.length; at += 2) {
      const sample = bytes.readInt16LE(at);
      if (sample !== 0) counts.set(sample, (counts.get(sample) ?? 0) + 1);
    }
    return counts;
  };
  await waitFor("the end", () => heard().get(300) === 25 * 320);
  expect([...heard()]).toEqual([
    [1_200, 50 * 320],
    [32_767, 50 * 320],
    [300, 25 * 320],
  ]);
  for (const { query: asked } of receiver.received) expect(asked.get("sample_rate")).toBe("16000");
});
