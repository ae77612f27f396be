/**
 * Which server a command talks to, and with which token: option, then environment, then what a Holdfast on this machine left
 * in its data folder. The REST client of the commands is made here.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastApi } from "@holdfast/client";
import { systemClock } from "@holdfast/runtime";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CLIENT_EXIT, CommandFailure } from "../output/client-exit.ts";
import { sendCountedForm } from "./counted-form.ts";

export interface ServerOptions {
  readonly server?: string;
  readonly token?: string;
  readonly data?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

export interface ServerAccess {
  readonly url: string;
  readonly token: string;
  readonly api: HoldfastApi;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = "8787";
const DEFAULT_DATA = "./data";

/** The options that every command of this kind takes. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(new Option("-s, --server <url>", "base URL of the server; else HOLDFAST_URL, else this machine"))
    .addOption(new Option("--url <url>", "the same").hideHelp())
    .option("-t, --token <token>", "access token; else HOLDFAST_TOKEN, else <data>/owner.token")
    .option("--data <folder>", "data folder with owner.token; else HOLDFAST_DATA, else ./data")
    .addOption(
      new Option("--timeout <seconds>", "give up waiting for the server after this long")
        .argParser(seconds)
        .default(300),
    )
    .option("--json", "JSON on standard output, one document per line; text on standard error");
}

export async function findServer(
  options: ServerOptions & { readonly url?: string },
  env: Environment,
): Promise<ServerAccess> {
  const given = options.server ?? options.url ?? nonEmpty(env.HOLDFAST_URL);
  const url = checkedUrl(given ?? `http://localhost:${nonEmpty(env.HOLDFAST_PORT) ?? DEFAULT_PORT}`);
  const token = options.token ?? nonEmpty(env.HOLDFAST_TOKEN) ?? (await ownerToken(options, env));
  const api = new HoldfastApi({
    server: url,
    token,
    fetch: (address, init) => fetch(address, init),
    sendForm: sendCountedForm,
    clock: systemClock,
  });
  return { url, token, api };
}

async function ownerToken(options: ServerOptions, env: Environment): Promise<string> {
  const path = join(options.data ?? nonEmpty(env.HOLDFAST_DATA) ?? DEFAULT_DATA, "owner.token");
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    const message = `no token: give --token, set HOLDFAST_TOKEN, or name the data folder (${path} cannot be read)`;
    throw new CommandFailure(CLIENT_EXIT.auth, message);
  }
}

function checkedUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href.replace(/\/+$/, "");
  throw new CommandFailure(CLIENT_EXIT.usage, `not the address of a server: ${text}`);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("A number of seconds above 0 is needed.");
}
