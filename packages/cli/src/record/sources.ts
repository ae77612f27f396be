/**
 * Where sound comes from while it is heard: the microphone, by whichever recorder is installed, or a pipe. Both give raw signed
 * 16-bit little-endian samples of one channel until they end or are stopped.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { HoldfastError } from "@holdfast/contract";

export interface PcmSource {
  /** For a person. */
  readonly name: string;
  readonly sampleRate: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends it; what was heard until then still comes. Idempotent. */
  stop(): void;
  /** Why it ended by itself and should not have; undefined where it should. */
  failure(): HoldfastError | undefined;
}

interface Recorder {
  readonly program: string;
  readonly args: (device: string | undefined) => readonly string[];
}

const RATE = 16_000;

/** In the order in which they are looked for. */
const RECORDERS: readonly Recorder[] = [
  {
    program: "arecord",
    args: (device) => ["-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", String(RATE), "-D", device ?? "default"],
  },
  {
    program: "parec",
    args: (device) => [
      ...["--raw", "--format=s16le", "--channels=1", `--rate=${RATE}`, "--latency-msec=100"],
      ...(device === undefined ? [] : [`--device=${device}`]),
    ],
  },
  {
    program: "rec",
    args: () => ["-q", "-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", "1", "-r", String(RATE), "-"],
  },
  {
    program: "ffmpeg",
    args: (device) => [
      ...["-nostdin", "-hide_banner", "-loglevel", "error", "-f", "alsa", "-i", device ?? "default"],
      ...["-ac", "1", "-ar", String(RATE), "-f", "s16le", "-"],
    ],
  },
];

export interface MicrophoneOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly device: string | undefined;
}

/** Throws HoldfastError `no_recorder` where nothing is installed that records. */
export function openMicrophone({ env, device }: MicrophoneOptions): PcmSource {
  const recorder = RECORDERS.find(({ program }) => isInstalled(program, env.PATH ?? ""));
  if (recorder === undefined) {
    throw new HoldfastError(
      "no program is installed that records sound: install alsa-utils (arecord), pulseaudio-utils (parec), sox or ffmpeg, or give sound with --stdin",
      { code: "no_recorder", class: "permanent_input", scope: "service" },
    );
  }
  const { program, args } = recorder;
  const child = spawn(program, args(device), { stdio: ["ignore", "pipe", "pipe"] });
  return new RecorderSource(program, child, child.stdout, child.stderr);
}

/** Sound that another program writes. */
export function openPipe(input: Readable, sampleRate: number): PcmSource {
  return {
    name: "standard input",
    sampleRate,
    chunks: untilItEnds(input),
    stop: () => void input.destroy(),
    failure: () => undefined,
  };
}

class RecorderSource implements PcmSource {
  readonly sampleRate = RATE;
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #child: ChildProcess;
  #isStopped = false;
  #endedByItself = false;
  #said = "";

  constructor(name: string, child: ChildProcess, stdout: Readable, stderr: Readable) {
    this.name = name;
    this.#child = child;
    const closed = new Promise((resolve) => child.once("close", resolve));
    this.chunks = this.#heard(stdout, closed);
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-2_000);
    });
    child.on("error", (error) => {
      this.#said += error.message;
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
  }

  /** To its end, and to the last word about it. */
  async *#heard(stdout: Readable, closed: Promise<unknown>): AsyncGenerator<Uint8Array> {
    yield* untilItEnds(stdout);
    this.#endedByItself = !this.#isStopped;
    await closed;
  }

  failure(): HoldfastError | undefined {
    if (!this.#endedByItself) return undefined;
    const said = this.#said.trim().split("\n").at(-1) ?? "";
    return new HoldfastError(`${this.name} ended${said === "" ? "" : `: ${said}`}`, {
      ...{ code: "microphone_failed", class: "permanent_input", scope: "service" },
    });
  }
}

/** A stream that is destroyed in the middle has ended, too. */
async function* untilItEnds(input: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of input) yield chunk as Uint8Array;
  } catch (error) {
    if (!input.destroyed) throw error;
  }
}

function isInstalled(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    if (folder === "") return false;
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
