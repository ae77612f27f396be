/**
 * Everything a live socket can be sent that is wrong: each gets the close code and reason of the reference, nothing else
 * stops, nothing is left behind, and the process stays up.
 */
import { randomBytes } from "node:crypto";
import { systemClock } from "@holdfast/runtime";
import { createToken, listTokens, revokeToken } from "@holdfast/store";
import { JFK_WORDS, jfkMessages, LiveClient, plainWords, waitFor, wordErrors } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.start("speech", "server");
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});
afterEach(async () => {
  expect((await world.rest("GET", "/health/live")).status).toBe(200);
});

const GOOD = "codec=pcm16&sample_rate=16000&language=en";

describe("who may not record", () => {
  it.each<[string, Record<string, string>, number, string]>([
    ["no header", {}, 1008, "Authorization header not found"],
    ["one part", { authorization: "token" }, 1008, "Invalid authorization token"],
    ["three parts", { authorization: "Bearer a b" }, 1008, "Invalid authorization token"],
    ["unknown token", { authorization: "Bearer hf_unknown" }, 1008, "Invalid authorization token"],
  ])("%s", async (_name, headers, code, reason) => {
    await using client = world.listen(GOOD, headers);
    expect(await client.ended()).toEqual({ code, reason });
    expect(client.events).toEqual([]);
  });

  it("an expired token is asked to refresh, a revoked one to log in again", async () => {
    const past = systemClock.now() - 1_000;
    const expired = await createToken(world.db, { userId: "u1", name: "old", nowMs: past, expiresMs: past });
    await using first = world.listen(GOOD, { authorization: `Bearer ${expired}` });
    expect(await first.ended()).toEqual({ code: 4001, reason: "Token refresh required" });
    const revoked = await createToken(world.db, { userId: "u1", name: "gone", nowMs: past });
    const info = (await listTokens(world.db)).find((item) => item.name === "gone");
    await revokeToken(world.db, info?.fingerprint ?? "", past);
    await using second = world.listen(GOOD, { authorization: `Bearer ${revoked}` });
    expect(await second.ended()).toEqual({ code: 4004, reason: "Token revoked; re-login required" });
  });

  it("any first word before the token will do", async () => {
    await using client = world.listen(GOOD, { authorization: `Anything ${world.token}` });
    await client.ready();
  });
});

describe("the web variant", () => {
  const web = (): LiveClient => new LiveClient(`ws://127.0.0.1:${world.role("server").port}/v4/web/listen?${GOOD}`);

  it("takes the token as its first message, and sound right behind it", async () => {
    const { messages, frameMs } = await jfkMessages("pcm16");
    await using client = await web().opened();
    client.socket.send(JSON.stringify({ type: "auth", token: world.token }));
    await client.play(messages, frameMs / 4);
    expect(client.events[0]).toEqual({ type: "auth_response", success: true });
    await waitFor("all words", () => wordErrors(JFK_WORDS, plainWords(client.text)) <= 1, 30_000);
  });

  it.each<[string, string | Uint8Array, string, boolean]>([
    ["binary", new Uint8Array(10), "Expected JSON auth message", false],
    ["no JSON", "hello", "Invalid JSON", false],
    ["another type", '{"type":"hello"}', "First message must be auth", false],
    ["no object", "[]", "First message must be auth", false],
    ["no token", '{"type":"auth"}', "Missing token", false],
    ["a wrong token", '{"type":"auth","token":"nope"}', "Invalid token", true],
  ])("refuses %s", async (_name, message, reason, answered) => {
    await using client = await web().opened();
    client.socket.send(message);
    expect(await client.ended()).toEqual({ code: 1008, reason });
    expect(client.events).toEqual(answered ? [{ type: "auth_response", success: false }] : []);
  });

  it("closes after five silent seconds", async () => {
    await using client = await web().opened();
    const start = systemClock.now();
    expect(await client.ended()).toEqual({ code: 1008, reason: "Auth timeout" });
    expect(systemClock.now() - start).toBeGreaterThan(4_500);
  });
});

describe("what cannot be recorded", () => {
  it.each<[string, number, RegExp]>([
    ["codec=flac&sample_rate=16000", 1003, /unknown codec: flac/],
    ["codec=%00%ff&sample_rate=16000", 1003, /unknown codec/],
    [`codec=${"x".repeat(500)}`, 1003, /unknown codec/],
    ["codec=pcm16&sample_rate=7999", 1003, /sample_rate/],
    ["codec=pcm16&sample_rate=48001", 1003, /sample_rate/],
    ["codec=pcm16&sample_rate=-16000", 1003, /sample_rate/],
    ["codec=lc3&sample_rate=16000", 1001, /LC3 codec is not available/],
    ["codec=aac&sample_rate=10000", 1001, /unsupported_audio_format/],
    ["codec=pcm16&sample_rate=16000&language=xx", 1008, /The language is not supported, xx/],
  ])("%s", async (query, code, reason) => {
    await using client = world.listen(query);
    const end = await client.ended();
    expect(end.code).toBe(code);
    expect(end.reason).toMatch(reason);
  });

  it("accepts every parameter of real apps, and nonsense beside them", async () => {
    await using client = world.listen(
      "language=multi&sample_rate=16000&codec=opus&uid=abc&include_speech_profile=true&stt_service=soniox&conversation_timeout=-1" +
        "&source=omi&custom_stt=disabled&onboarding=disabled&speaker_auto_assign=enabled&create_speakers=true&vad_gate=enabled" +
        "&call_id=1&client_conversation_id=not-a-uuid&conversation_role=ambient&future=1&first_sequence=abc",
    );
    await client.ready();
  });

  it("answers another path with 404, not with a socket", async () => {
    const url = `ws://127.0.0.1:${world.role("server").port}/v4/other`;
    await using client = new LiveClient(url, { authorization: `Bearer ${world.token}` });
    await waitFor("the refusal", () => client.refused?.status === 404);
  });
});

describe("garbage on a good socket", () => {
  it("is survived: text, keep-alives, corrupt and truncated packets, then speech that is understood", async () => {
    const { messages, frameMs } = await jfkMessages("opus_fs320", 2);
    await using client = await world.listen("codec=opus_fs320&sample_rate=16000&language=en").ready();
    for (const text of [
      "hello",
      "{",
      "[]",
      "null",
      '{"type":"unknown"}',
      '{"type":"finalization_reason","reason":"x"}',
    ]) {
      client.socket.send(text);
    }
    for (const size of [0, 1, 2]) client.socket.send(new Uint8Array(size));
    for (let i = 0; i < 50; i += 1) client.socket.send(randomBytes(1 + ((i * 37) % 1_000)));
    for (const message of messages.slice(0, 20)) client.socket.send(message.subarray(0, 3));
    await client.play(messages, frameMs / 4);
    const end = [...JFK_WORDS].slice(-7).join(" ");
    await waitFor("the last words", () => plainWords(client.text).join(" ").endsWith(end), 30_000);
    expect(client.closed).toBeUndefined();
  });

  it("takes keep-alives for activity and not for sound", async () => {
    await using client = await world.listen(`${GOOD}&audio_ack=enabled`).ready();
    for (let i = 0; i < 20; i += 1) client.socket.send(Uint8Array.from([0x8a, 0x00]));
    client.socket.send(new Uint8Array(640));
    // The first, of nothing, says that this server acknowledges.
    expect((await client.event("audio_ack")).sequence).toBe(0);
    expect((await client.event("audio_ack", ({ sequence }) => sequence !== 0)).sequence).toBe(1);
  });

  it("closes a socket that sends a message of more than 1 MiB, and only that one", async () => {
    await using other = await world.listen(GOOD).ready();
    await using client = await world.listen(GOOD).ready();
    client.socket.send(new Uint8Array(1_048_577));
    expect((await client.ended()).code).toBe(1009);
    expect(other.closed).toBeUndefined();
  });
});
