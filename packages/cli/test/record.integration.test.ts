/**
 * Recording and uploading against the whole product: real gateway, pusher, worker, speech and PostgreSQL under the real
 * supervisor, real speech in. What dies in the middle costs no word and no second conversation.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { decodeSoundFile } from "@holdfast/codecs";
import { freePort, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_WORD_ERROR_RATE, offlineRecording, SAMPLE_PATH, SAMPLE_WORDS, wordErrorRate } from "../src/demo/sample.ts";
import { encodeMessages } from "../src/stream/sound-messages.ts";
import { cleanUp as cleanUpCommands, holdfast, launchHoldfast, temporaryFolder } from "./client/run-holdfast.ts";
import { cleanUp as cleanUpServers, newDataFolder, pidOf, start } from "./serve/running.ts";

const SERVE = [fileURLToPath(new URL("../bin/holdfast.js", import.meta.url)), "serve"];

let dataDir: string;
let at: string[];
let samples: Float32Array;

beforeAll(async () => {
  dataDir = newDataFolder();
  const port = await freePort();
  const serve = start(SERVE, dataDir, { HOLDFAST_PORT: String(port) });
  await serve.ready();
  at = ["--server", `http://localhost:${port}`, "--data", dataDir, "--timeout", "120", "--json"];
  samples = (await decodeSoundFile(SAMPLE_PATH)).samples16k;
});
afterAll(async () => {
  cleanUpCommands();
  await cleanUpServers();
});

interface Talk {
  readonly id: string;
  readonly status: string;
  readonly transcript_segments: readonly { readonly text: string }[];
}

function expectSaid(talk: Talk | undefined): void {
  const heard = (talk?.transcript_segments ?? []).map(({ text }) => text).join(" ");
  expect(talk?.status).toBe("completed");
  expect(wordErrorRate(SAMPLE_WORDS, heard), heard).toBeLessThanOrEqual(MAX_WORD_ERROR_RATE);
}

/** Both at once: each waits more than it works. */
test.concurrent("record: the gateway is killed with -9 while somebody speaks, and every word is there once", async () => {
  const command = launchHoldfast(["record", "--stdin", ...at]);
  const half = Math.floor(samples.length / 2);
  for (let i = 0; i < samples.length; i += 1_600) {
    if (i <= half && i + 1_600 > half) {
      await waitFor("an acknowledgement", () => command.said().includes('"type":"audio_ack"'));
      process.kill(pidOf(dataDir, "gateway"), "SIGKILL");
    }
    command.stdin.write(rawOf(samples.subarray(i, i + 1_600)));
    await pause(100);
  }
  command.stdin.end();
  const ran = await command.ended();
  expect(ran.exit, ran.stderr).toBe(0);
  const result = ran.documents().at(-1) as { conversation_ids: string[]; conversation: Talk };
  expect(result.conversation_ids).toEqual([result.conversation.id]);
  expectSaid(result.conversation);
});

test.concurrent("upload --wait: killed with -9 and run again, one conversation with every word", async () => {
  const file = offlineRecording(await encodeMessages(samples, "opus_fs320"), Date.now() - 3 * 3_600_000);
  const path = join(temporaryFolder(), file.name);
  writeFileSync(path, new Uint8Array(await file.content.arrayBuffer()));
  const env = { HOLDFAST_LOG: temporaryFolder() };
  const first = launchHoldfast(["upload", path, "--wait", ...at], env);
  await waitFor("the upload", () => first.said().includes("local_upload_batch"));
  first.kill("SIGKILL");
  await first.ended();
  const again = await holdfast(["upload", path, "--wait", ...at], env);
  expect(again.exit, again.stderr).toBe(0);
  const talks = again.documents().filter(({ type }) => type === "conversation");
  expect(talks).toHaveLength(1);
  expectSaid(talks[0]?.conversation as Talk);
  expect(again.documents().filter(({ type }) => type === "local_upload_batch")).toEqual([]);
});

/** Signed 16-bit little-endian. */
function rawOf(sound: Float32Array): Buffer {
  const bytes = Buffer.alloc(sound.length * 2);
  sound.forEach((sample, i) => void bytes.writeInt16LE(Math.round(sample * 32_767), i * 2));
  return bytes;
}
