/**
 * Which server a command talks to, and with which token: option, then environment, then what a Holdfast on this machine left
 * in its data folder. The REST client of the commands is made here.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastApi, type HoldfastApiOptions } from "@holdfast/client";
import { systemClock } from "@holdfast/runtime";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EXIT, ExitError } from "../exit-codes.ts";
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
  /** How requests are made, for whoever makes them without the REST client. */
  readonly http: HoldfastApiOptions;
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
      new Option(
        "--timeout <seconds>",
        "give up after this long without news from the server; a pause that it asked for and a place in its queue are news",
      )
        .argParser(seconds)
        .default(300),
    )
    .option("--json", "JSON on standard output, one document per line; text on standard error");
}

export function serverUrl(options: ServerOptions & { readonly url?: string }, env: Environment): string {
  const given = options.server ?? options.url ?? nonEmpty(env.HOLDFAST_URL);
  return checkedUrl(given ?? `http://localhost:${nonEmpty(env.HOLDFAST_PORT) ?? DEFAULT_PORT}`);
}

export async function findServer(url: string, options: ServerOptions, env: Environment): Promise<ServerAccess> {
  const token = options.token ?? nonEmpty(env.HOLDFAST_TOKEN) ?? (await ownerToken(options, env, url));
  const http = httpOf(url, token);
  return { url, token, api: new HoldfastApi(http), http };
}

function httpOf(server: string, token: string): HoldfastApiOptions {
  return {
    server,
    token,
    fetch: (address, init) => fetch(address, init),
    sendForm: sendCountedForm,
    clock: systemClock,
  };
}

async function ownerToken(options: ServerOptions, env: Environment, url: string): Promise<string> {
  const path = join(options.data ?? nonEmpty(env.HOLDFAST_DATA) ?? DEFAULT_DATA, "owner.token");
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    // Where nothing was ever started there is no token either, and that is the smaller of the two troubles.
    await new HoldfastApi(httpOf(url, "")).readiness();
    const message = `no token: give --token, set HOLDFAST_TOKEN, or name the data folder (${path} cannot be read)`;
    throw new ExitError(message, EXIT.auth);
  }
}

function checkedUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url.href.replace(/\/+$/, "");
  throw new ExitError(`not the address of a server: ${text}`, EXIT.usage);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("A number of seconds above 0 is needed.");
}
