/**
 * How long an hour of speech takes that comes late: from the first byte sent to the finished conversation, through the whole
 * product with its embedded speech engine and no language model.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { followConversation, followJob, HoldfastApi } from "@holdfast/client";
import { decodeSoundFile, encodeWav16 } from "@holdfast/codecs";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { freePort, plainWords } from "@holdfast/testkit";
import { line } from "../pipeline/figures.ts";
import { serve, stop } from "../serve.ts";

const RATE = 16_000;
const SECONDS = 3_600;
const QUIET_SECONDS = 0.5;
const SPEECH = fileURLToPath(new URL("../../fixtures/jfk.wav", import.meta.url));
const WORDS = 22;

export async function measureHour(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-hour-"));
  const port = await freePort();
  const { child } = await serve(data, port);
  try {
    const token = readFileSync(join(data, "owner.token"), "utf8").trim();
    const api = new HoldfastApi({ server: `http://127.0.0.1:${port}`, token, fetch, clock: systemClock });
    const { wav, times } = await hour();
    const waiting = { clock: systemClock, random: systemRandom, deadlineMs: Date.now() + 1_800_000 };
    const began = performance.now();
    const accepted = await api.uploadSound({ name: "hour.wav", content: new Blob([wav]) });
    const job = await followJob(api, accepted, waiting);
    const transcribed = performance.now() - began;
    const [id = ""] = job.result?.new_memories ?? [];
    const conversation = await followConversation(api, id, waiting);
    const took = performance.now() - began;
    const heard = plainWords(conversation.transcript_segments.map(({ text }) => text).join(" ")).length;
    const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;
    const words = `${heard} words of ${times * WORDS}`;
    const figures = `${minutes(took)} (transcribed after ${minutes(transcribed)}; ${job.status}, ${conversation.status}, ${words})`;
    console.log(line("an hour of speech to its finished conversation", figures, "under 3 min"));
  } finally {
    await stop(child);
    rmSync(data, { recursive: true, force: true });
  }
}

/** One speech again and again, with short pauses. */
async function hour(): Promise<{ wav: Uint8Array<ArrayBuffer>; times: number }> {
  const { samples16k } = await decodeSoundFile(new Uint8Array(readFileSync(SPEECH)));
  const samples = new Float32Array(SECONDS * RATE);
  const step = samples16k.length + QUIET_SECONDS * RATE;
  const times = Math.floor(samples.length / step);
  for (let n = 0; n < times; n += 1) samples.set(samples16k, n * step);
  return { wav: new Uint8Array(encodeWav16(samples, RATE)), times };
}
