/**
 * Measures the whole product as a person meets it: start, memory, and four live sessions at once through the gateway.
 *
 *   node bench/live.ts [folder with WAV files and texts.json] [seconds of sound for each session]
 *
 * An utterance ends at its last voiced sample before at least 1.2 s of quiet, found in the clean recording itself. The delay of
 * its final counts from the moment that sample was sent to the last change of the words on the client before the next
 * utterance begins. The delay of first words counts from the first voiced sample after such a quiet. The starts are those of
 * `holdfast serve` on an empty and on a used data folder; installing is measured by hand (README).
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createOpusEncoder, decodeSoundFile } from "@holdfast/codecs";
import { freePort, LiveClient } from "@holdfast/testkit";
import { serve, stop } from "./serve.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RATE = 16_000;
const FRAME = 320;
const SESSIONS = 4;
const QUIET_SECONDS = 1.2;
const VOICE_LEVEL = 0.006;

interface Utterance {
  readonly startS: number;
  readonly endS: number;
}

async function main(): Promise<void> {
  const [folder = join(ROOT, "fixtures"), seconds = "60"] = process.argv.slice(2);
  const cpu = cpus();
  console.log(
    `machine    ${cpu.length} x ${cpu[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  console.log(
    `settings   embedded engine (base), ${SESSIONS} live sessions, opus_fs320, real time, ${seconds} s of sound each`,
  );
  const data = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const port = await freePort();
  try {
    const cold = await serve(data, port);
    console.log(`start      ${cold.readySeconds.toFixed(1)} s on an empty data folder`);
    await stop(cold.child);
    const warm = await serve(data, port);
    console.log(`start      ${warm.readySeconds.toFixed(1)} s on the same folder again`);
    await pause(8_000);
    report("memory     idle, model unloaded:", memory(warm.child, data));
    const token = readFileSync(join(data, "owner.token"), "utf8").trim();
    await live(folder, Number(seconds), port, token, () =>
      report("memory     during live sessions:", memory(warm.child, data)),
    );
    console.log(`gateway    event-loop delay since its start: ${await loopDelay(port)}`);
    await stop(warm.child);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function live(folder: string, seconds: number, port: number, token: string, midway: () => void): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".wav"));
  const finals: number[] = [];
  const firsts: number[] = [];
  let missed = 0;
  const half = setTimeout(midway, seconds * 500);
  await Promise.all(
    Array.from({ length: SESSIONS }, async (_, n) => {
      const samples = await recording(join(folder, files[n % files.length] ?? ""), seconds, n * 0.7);
      const all = findUtterances(samples);
      // The last one is cut where the measurement ends, not by its speaker.
      const whole = all.filter((utterance) => utterance.endS < samples.length / RATE - 2.2);
      const client = new LiveClient(
        `ws://127.0.0.1:${port}/v4/listen?codec=opus_fs320&sample_rate=16000&language=en&client_conversation_id=${crypto.randomUUID()}`,
        { authorization: `Bearer ${token}` },
      );
      await client.ready();
      const messages = await encode(samples);
      const began = Date.now();
      await client.play(messages, 20);
      await pause(3_000);
      const changes = client.segmentUpdates.map((update) => (update.atMs - began) / 1000);
      whole.forEach((utterance, i) => {
        const nextStart = all[i + 1]?.startS ?? Number.POSITIVE_INFINITY;
        const last = changes.filter((at) => at > utterance.endS && at < nextStart + 0.3).at(-1);
        const first = changes.find((at) => at > utterance.startS);
        if (last === undefined || first === undefined) missed += 1;
        else {
          finals.push(last - utterance.endS);
          firsts.push(first - utterance.startS);
        }
      });
      await client.close();
    }),
  );
  clearTimeout(half);
  console.log(
    `final      ${spread(finals)} after the end of ${finals.length} utterances (${missed} without a change of words)`,
  );
  console.log(`first      ${spread(firsts)} after speech starts`);
}

/** The file again and again, 2 s of quiet between, shifted so that sessions do not speak in step. */
async function recording(path: string, seconds: number, shiftSeconds: number): Promise<Float32Array> {
  const { samples16k } = await decodeSoundFile(new Uint8Array(readFileSync(path)));
  const out = new Float32Array(Math.round((seconds + 2) * RATE));
  for (let at = Math.round((1 + shiftSeconds) * RATE); at < seconds * RATE; at += samples16k.length + 2 * RATE) {
    out.set(samples16k.subarray(0, Math.max(0, Math.min(samples16k.length, Math.round(seconds * RATE) - at))), at);
  }
  return out;
}

function findUtterances(samples: Float32Array): Utterance[] {
  const found: { startS: number; endS: number }[] = [];
  for (let at = 0; at < samples.length; at += FRAME) {
    const frame = samples.subarray(at, at + FRAME);
    const level = Math.sqrt(frame.reduce((sum, x) => sum + x * x, 0) / frame.length);
    if (level < VOICE_LEVEL) continue;
    const startS = at / RATE;
    const endS = (at + FRAME) / RATE;
    const last = found.at(-1);
    if (last !== undefined && startS - last.endS < QUIET_SECONDS) last.endS = endS;
    else found.push({ startS, endS });
  }
  return found.filter((utterance) => utterance.endS - utterance.startS > 0.3);
}

async function encode(samples: Float32Array): Promise<Uint8Array[]> {
  const encoder = await createOpusEncoder({ frameMs: 20 });
  const messages: Uint8Array[] = [];
  for (let at = 0; at < samples.length; at += FRAME) messages.push(encoder.encode(samples.subarray(at, at + FRAME)));
  encoder.close();
  return messages;
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN) * 1000)} ms`;
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}`;
}

interface Share {
  readonly name: string;
  readonly mib: number;
}

/** Proportional set size of the supervisor and everything below it. */
function memory(child: ChildProcess, data: string): Share[] {
  const postgres = Number(readFileSync(join(data, "run/postgres.pid"), "utf8"));
  const roots = new Map<number, string>([
    [child.pid ?? 0, "supervisor"],
    [postgres, "postgres"],
  ]);
  for (const role of ["gateway", "pusher", "worker", "speech"]) {
    roots.set(Number(readFileSync(join(data, `run/${role}.pid`), "utf8")), role);
  }
  const shares = new Map<string, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const owner = ownerOf(Number(name), roots);
    if (owner !== undefined) shares.set(owner, (shares.get(owner) ?? 0) + pssMib(Number(name)));
  }
  return [...shares].map(([name, mib]) => ({ name, mib }));
}

function ownerOf(pid: number, roots: ReadonlyMap<number, string>): string | undefined {
  for (let at = pid; at > 1; ) {
    const owner = roots.get(at);
    if (owner !== undefined) return owner;
    const stat = read(`/proc/${at}/stat`);
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return undefined;
}

function pssMib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function report(title: string, shares: readonly Share[]): void {
  const parts = shares.map(({ name, mib }) => `${name} ${Math.round(mib)}`).join(", ");
  console.log(`${title} ${Math.round(shares.reduce((sum, { mib }) => sum + mib, 0))} MiB PSS (${parts})`);
}

async function loopDelay(port: number): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith("holdfast_event_loop_delay_ms"))
    .map((line) => line.replace("holdfast_event_loop_delay_ms", ""))
    .join(" ");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
