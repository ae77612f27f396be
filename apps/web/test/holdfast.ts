/** A whole Holdfast, started as a person starts it, on free ports and a data folder of its own that is gone afterwards. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildWebIfNeeded } from "../../../scripts/web.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);
const READY_WITHIN_MS = 90_000;
const END_WITHIN_MS = 20_000;

export const JFK_WAV = join(ROOT, "fixtures/jfk.wav");

export interface Holdfast extends AsyncDisposable {
  /** Address of the page, without a slash at its end. */
  readonly origin: string;
  /** The printed sign-in link. */
  readonly link: string;
  readonly token: string;
  /** A token of another user, made as whoever runs the server makes one. */
  tokenOf(user: string): Promise<string>;
  /** Kills one of the processes as a power cut would; the supervisor starts it again. */
  kill(role: "gateway" | "pusher" | "worker" | "speech"): void;
}

/** `settings` are those of the environment. */
export async function startHoldfast(settings: Readonly<Record<string, string>> = {}): Promise<Holdfast> {
  buildWebIfNeeded(ROOT, (text) => console.log(text));
  const data = await mkdtemp(join(tmpdir(), "holdfast-web-"));
  const server = spawn(process.execPath, [join(ROOT, "packages/cli/src/main.ts"), "serve", "--json"], {
    env: {
      ...process.env,
      HOLDFAST_DATA: data,
      HOLDFAST_HOST: "127.0.0.1",
      HOLDFAST_PORT: "0",
      ...settings,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = async (): Promise<void> => {
    await stop(server);
    await rm(data, { recursive: true, force: true });
  };
  try {
    const link = await signInLink(server);
    const { origin, hash } = new URL(link);
    return {
      origin,
      link,
      token: new URLSearchParams(hash.slice(1)).get("token") ?? "",
      tokenOf: (user) => makeToken(data, user),
      kill: (role) => void process.kill(Number(readFileSync(join(data, "run", `${role}.pid`), "utf8")), "SIGKILL"),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function makeToken(data: string, user: string): Promise<string> {
  const command = [join(ROOT, "packages/cli/src/main.ts"), "token", "create", "--user", user, "--json"];
  const { stdout } = await run(process.execPath, command, { env: { ...process.env, HOLDFAST_DATA: data } });
  return (JSON.parse(stdout) as { readonly token: string }).token;
}

/** Waits for the line that a person would read. */
async function signInLink(server: ChildProcess): Promise<string> {
  if (server.stdout === null) throw new Error("the server has no output");
  const lines = createInterface({ input: server.stdout });
  const said: string[] = [];
  return await new Promise((resolve, reject) => {
    const give = (why: string): void => reject(new Error(`${why}\n${said.slice(-20).join("\n")}`));
    const timer = setTimeout(() => give("Holdfast did not become ready"), READY_WITHIN_MS);
    server.once("exit", () => give("Holdfast ended before it was ready"));
    lines.on("line", (line) => {
      said.push(line);
      const link = /^\s*Sign in:\s+(\S+)/.exec(line)?.[1];
      if (link === undefined) return;
      clearTimeout(timer);
      resolve(link);
    });
  });
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const timer = setTimeout(() => server.kill("SIGKILL"), END_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
