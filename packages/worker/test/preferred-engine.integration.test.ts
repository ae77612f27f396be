/** The engine that the owner prefers is asked for the next piece, by a worker that runs all the while. */
import { parseConfig } from "@holdfast/contract";
import { setSpeechEngine } from "@holdfast/store";
import { engineKey, parseEngines } from "@holdfast/stt-client";
import { type ScriptedOpenAi, startScriptedOpenAi, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTranscriber } from "../src/speech/transcriber.ts";

let server: TestServer;
let engines: readonly ScriptedOpenAi[];
beforeAll(async () => {
  server = await startTestServer();
  engines = await Promise.all([startScriptedOpenAi(), startScriptedOpenAi()]);
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  await server[Symbol.asyncDispose]();
});

it("is asked first from the next piece on", async () => {
  const { db } = await server.database();
  const config = parseConfig({ HOLDFAST_STT: engines.map(({ url }) => `openai+${url}`).join() });
  const [, second] = parseEngines(config);
  if (second === undefined) throw new Error("two were listed");
  const transcriber = createTranscriber(config, db);
  const asked = async (): Promise<readonly number[]> => {
    await transcriber.transcribe(new Uint8Array(64), "de", new AbortController().signal);
    return engines.map(({ requests }) => requests.length);
  };
  expect(await asked()).toEqual([1, 0]);
  await setSpeechEngine(db, engineKey(second), Date.now());
  expect(await asked()).toEqual([1, 1]);
  expect(engines[1]?.requests[0]?.fields.language).toBe("de");
  await setSpeechEngine(db, null, Date.now());
  expect(await asked()).toEqual([2, 1]);
  await db.destroy();
});
