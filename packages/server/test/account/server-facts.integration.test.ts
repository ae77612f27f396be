/** What the server tells about itself: every setting a person asks about, and none of the secrets beside them. */
import { readFile } from "node:fs/promises";
import { ServerFacts, VERSION } from "@holdfast/contract";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway } from "../support/gateway.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());

async function factsOf(env: Record<string, string>, token?: "bob"): Promise<{ facts: ServerFacts; text: string }> {
  await using gateway = await startTestGateway(server, { env });
  const answer = await gateway.ask("/v1/server", token === undefined ? {} : { token: gateway.bob });
  expect(answer.status).toBe(200);
  const text = await answer.text();
  return { facts: ServerFacts.strict().parse(JSON.parse(text)), text };
}

it("says what a server has that nobody set up", async () => {
  const { facts } = await factsOf({});
  expect(facts).toMatchObject({
    version: VERSION,
    speech: [{ kind: "embedded", host: null, model: "base", languages: ["en"], live: true, batch: true }],
    language_model: null,
    audio_retention: "transcribed",
    fair_use: { enabled: false, applies_to_you: false },
    storage: { kind: "directory" },
    uploads: { max_file_bytes: 200 * 1024 * 1024, max_files: 1_000 },
    live: { max_sessions: 1_500, max_sessions_per_user: 20 },
  });
});

it("names hosts, and no key, path, query or user of any address", async () => {
  const secrets = {
    HOLDFAST_STT:
      "deepgram+wss://user-a:secret-a@stt.example:444/secret-path/v1?key=secret-b,openai+https://batch.example/v1",
    HOLDFAST_STT_KEY: "secret-c",
    HOLDFAST_LLM_URL: "https://user-b:secret-d@llm.example/secret-e?key=secret-f",
    HOLDFAST_LLM_KEY: "secret-g",
    ADMIN_KEY: "secret-h",
    HOLDFAST_INTERNAL_TOKEN: "secret-i",
  };
  const plain = { HOLDFAST_STT_MODEL: "nova-9", HOLDFAST_LLM_MODEL: "big", HOLDFAST_MODEL: "tiny" };
  const { facts, text } = await factsOf({ ...secrets, ...plain });
  expect(facts.speech.map(({ kind, host, model, languages }) => [kind, host, model, languages])).toEqual([
    ["deepgram", "stt.example:444", "nova-9", "any"],
    ["openai", "batch.example", "nova-9", "any"],
    ["embedded", null, "tiny", ["en"]],
  ]);
  expect(facts.language_model).toEqual({ host: "llm.example", model: "big", stored: false });
  expect(text).not.toMatch(/secret|user-[ab]/);
});

it("tells each user the caps that are theirs", async () => {
  const env = { FAIR_USE_ENABLED: "true", FAIR_USE_UNLIMITED_UIDS: "bob", FAIR_USE_DAILY_SPEECH_MS: "1000" };
  const limits = { ...env, FAIR_USE_UNLIMITED_DAILY_SPEECH_MS: "5000", HOLDFAST_AUDIO_RETENTION: "forever" };
  const alice = (await factsOf(limits)).facts;
  expect(alice.fair_use).toMatchObject({ enabled: true, applies_to_you: true, daily_speech_ms: 1_000 });
  expect(alice.audio_retention).toBe("forever");
  expect((await factsOf(limits, "bob")).facts.fair_use.daily_speech_ms).toBe(5_000);
  const exempt = await factsOf({ ...limits, FAIR_USE_EXEMPT_UIDS: "alice" });
  expect(exempt.facts.fair_use).toMatchObject({ enabled: true, applies_to_you: false });
});

it("is only for somebody who is signed in", async () => {
  await using gateway = await startTestGateway(server);
  expect((await gateway.ask("/v1/server", { token: null })).status).toBe(401);
});

it("has the version that the packages have", async () => {
  const manifest: unknown = JSON.parse(await readFile(new URL("../../../../package.json", import.meta.url), "utf8"));
  expect(manifest).toMatchObject({ version: VERSION });
});
