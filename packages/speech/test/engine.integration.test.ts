import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transcribe } from "@holdfast/stt-client";
import { jfkMessages, waitFor } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { listen, testSpeech, wordEdits } from "./running-speech.ts";

const jfk = async () =>
  new Uint8Array(await readFile(fileURLToPath(new URL("../../../fixtures/jfk.wav", import.meta.url))));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the engine", () => {
  it("is loaded by the first work, not before, and given back after idleness", async () => {
    await using speech = await testSpeech({ HOLDFAST_MODEL_IDLE_SECONDS: "1" });
    expect((await speech.health()).engine).toMatchObject({ state: "unloaded", loads: 0 });
    await transcribe(speech.engine, await jfk());
    const { engine } = await speech.health();
    expect(engine).toMatchObject({ state: "ready", loads: 1 });
    const pid = engine.pid ?? expect.fail("no process");
    await waitFor("the engine to be unloaded", async () => (await speech.health()).engine.state === "unloaded");
    await waitFor("its process to be gone", () => !alive(pid));
    expect(wordEdits((await transcribe(speech.engine, await jfk())).text)).toBe(0);
    expect((await speech.health()).engine).toMatchObject({ loads: 2, crashes: 0 });
  });

  it("is not given back under an open stream", async () => {
    await using speech = await testSpeech({ HOLDFAST_MODEL_IDLE_SECONDS: "0" });
    const heard = listen(speech.engine, { codec: "pcm16", encoding: "linear16" });
    heard.stream.finalize();
    await waitFor("an answer", () => heard.results.length > 0);
    await waitFor("the engine", async () => (await speech.health()).engine.state === "ready");
    const end = Date.now() + 2_500;
    await waitFor("two looks of the watch", () => Date.now() > end);
    expect((await speech.health()).engine.state).toBe("ready");
    await heard.stream.finish();
    await waitFor("the engine to be unloaded", async () => (await speech.health()).engine.state === "unloaded");
  });

  it("killed in the middle of a stream ends it with 1011, is counted, and serves the next stream", async () => {
    await using speech = await testSpeech();
    const { messages } = await jfkMessages("opus_fs320");
    const first = listen(speech.engine, { codec: "opus_fs320", encoding: "opus" });
    for (const message of messages.slice(0, 300)) first.stream.send(message);
    await waitFor("a first final", () => first.text() !== "");
    process.kill((await speech.health()).engine.pid ?? expect.fail("no process"), "SIGKILL");
    const end = await first.end;
    expect(end).toMatchObject({ code: 1011, reason: "engine_died" });
    expect(end.error).toMatchObject({ class: "transport", code: "stt_closed" });

    // What is closed stays closed: the caller goes on from its watermark with a new stream.
    const last = first.finals().at(-1);
    const from = Math.round(((last?.start ?? 0) + (last?.duration ?? 0)) * 50);
    const second = listen(speech.engine, { codec: "opus_fs320", encoding: "opus" });
    for (const message of messages.slice(from)) second.stream.send(message);
    await second.stream.finish();
    expect(wordEdits(`${first.text()} ${second.text()}`)).toBeLessThanOrEqual(2);
    expect((await speech.health()).engine).toMatchObject({ state: "ready", crashes: 1, loads: 2 });
  });

  it("killed under a recording makes it a failure of transport that may be tried again in a second", async () => {
    await using speech = await testSpeech();
    const request = transcribe(speech.engine, await jfk()).catch((error: unknown) => error);
    const pid = await waitFor("the engine to start", async () => (await speech.health()).engine.pid);
    process.kill(pid, "SIGKILL");
    expect(await request).toMatchObject({ code: "stt_busy", class: "capacity", retryAfterMs: 1_000 });
    expect(wordEdits((await transcribe(speech.engine, await jfk())).text)).toBe(0);
  });

  it("is ended with the speech process", async () => {
    const speech = await testSpeech();
    await transcribe(speech.engine, await jfk());
    const pid = (await speech.health()).engine.pid ?? expect.fail("no process");
    await speech[Symbol.asyncDispose]();
    await waitFor("its process to be gone", () => !alive(pid));
  });
});
