/**
 * Runs the real `holdfast` command as a process and collects what it says. Unless the environment names one, each has a log of
 * recordings of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { encodeWav16 } from "@holdfast/codecs";

const BIN = fileURLToPath(new URL("../../bin/holdfast.js", import.meta.url));

const children = new Set<ChildProcess>();
const folders = new Set<string>();

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as JSON documents. */
  readonly documents: () => Record<string, unknown>[];
}

export interface Launched {
  readonly pid: number;
  readonly stdin: Writable;
  /** What it has said so far on standard output. */
  readonly said: () => string;
  /** The same of standard error. */
  readonly heard: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: () => Promise<Ran>;
}

export async function holdfast(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return await launchHoldfast(args, env).ended();
}

export function launchHoldfast(args: readonly string[], env: Record<string, string> = {}): Launched {
  const { HOLDFAST_URL: _url, HOLDFAST_TOKEN: _token, HOLDFAST_DATA: _data, ...rest } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...rest, HOLDFAST_LOG: env.HOLDFAST_LOG ?? temporaryFolder(), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A process that is killed does not read to the end.
  child.stdin.on("error", () => {});
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const documents = (): Record<string, unknown>[] =>
    stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin,
    said: () => stdout,
    heard: () => stderr,
    kill: (signal) => child.kill(signal),
    async ended() {
      const exit = await ended;
      children.delete(child);
      return { exit, stdout, stderr, documents };
    },
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  folders.add(folder);
  return folder;
}

/** A file with a tone of this length. */
export function toneFile(ms: number, name = "tone.wav"): string {
  const samples = Float32Array.from({ length: 16 * ms }, (_, i) => 0.3 * Math.sin(i / 8));
  const path = join(temporaryFolder(), name);
  writeFileSync(path, encodeWav16(samples, 16_000));
  return path;
}

export function cleanUp(): void {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
