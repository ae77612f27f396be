/**
 * The language model of the whole server, set by its owner. What the environment says goes before it, and is never changed here.
 * The address may be a private one: a model on the same machine is the usual case, and whoever owns the server can reach that
 * machine anyway; nobody else gets here. The key is written and never read out again: no answer and no log has it, and a new
 * address on another host does not get the key of the old one. The gateway asks no model: a pusher tries it out.
 */
import {
  type Config,
  HoldfastError,
  LANGUAGE_MODEL_TEST,
  LanguageModelSetting,
  LanguageModelTest,
  type ServerFacts,
} from "@holdfast/contract";
import { type Db, removeLanguageModel, storedLanguageModel, storeLanguageModel } from "@holdfast/store";
import { z } from "zod";
import { requireOwner } from "../auth/require-owner.ts";
import type { App, HttpContext } from "../http/context.ts";
import { text } from "../rest/input.ts";

type Context = Pick<HttpContext, "db" | "config" | "clock" | "log">;

const tags = ["server"];
const PATH = "/v1/settings/language-model";
const config = { problem: true };
const PUSHER_GRACE_MS = 3_000;

const Asked = z.object({
  url: text(2_000).trim(),
  model: text(200).trim().min(1),
  key: text(1_000)
    .regex(/^[\x21-\x7e]*$/u, "must be printable ASCII without spaces")
    .nullish()
    .describe("Absent: the key stays, where the address stays on its host. Null or empty: no key."),
});

export function registerLanguageModel(app: App, context: Context): void {
  const { db, clock, log } = context;
  app.get(
    PATH,
    { config, schema: { tags, summary: "The language model (owner)", response: { 200: LanguageModelSetting } } },
    async ({ userId }) => {
      requireOwner(userId);
      return await setting(db, context.config);
    },
  );

  app.put(
    PATH,
    {
      config,
      schema: { tags, summary: "Set the language model (owner)", body: Asked, response: { 200: LanguageModelSetting } },
    },
    async ({ userId, body }) => {
      requireOwner(userId);
      requireUnset(context.config);
      const url = checkedUrl(body.url);
      const before = await storedLanguageModel(db);
      const kept = before !== undefined && isSameHost(before.url, url) ? before.key : null;
      const key = body.key === undefined ? kept : (body.key ?? "") === "" ? null : (body.key ?? null);
      await storeLanguageModel(db, { url, model: body.model, key }, clock.now());
      const fields = { host: new URL(url).host, model: body.model, hasKey: key !== null };
      log.info({ event: "language_model_set", ...fields }, "the owner set the language model");
      return await setting(db, context.config);
    },
  );

  app.delete(
    PATH,
    {
      config,
      schema: { tags, summary: "Go without a language model (owner)", response: { 200: LanguageModelSetting } },
    },
    async ({ userId }) => {
      requireOwner(userId);
      requireUnset(context.config);
      await removeLanguageModel(db);
      log.info({ event: "language_model_removed" }, "the owner removed the language model");
      return await setting(db, context.config);
    },
  );

  app.post(
    `${PATH}/test`,
    {
      config,
      schema: { tags, summary: "Try the language model out (owner)", response: { 200: LanguageModelTest } },
    },
    async ({ userId }) => {
      requireOwner(userId);
      return await askPusher(context.config);
    },
  );
}

/** What `GET /v1/server` says of it: of its address only the host. */
export async function languageModelFacts(db: Db, settings: Config): Promise<ServerFacts["language_model"]> {
  const { HOLDFAST_LLM_URL: url, HOLDFAST_LLM_MODEL: model } = settings;
  if (url !== undefined) return { host: hostOf(url), model, stored: false };
  const stored = await storedLanguageModel(db);
  return stored === undefined ? null : { host: hostOf(stored.url), model: stored.model, stored: true };
}

/** Host and port. What cannot be read is not repeated, since it may hold a secret. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "unknown";
}

async function setting(db: Db, settings: Config): Promise<LanguageModelSetting> {
  const { HOLDFAST_LLM_URL: url, HOLDFAST_LLM_MODEL: model, HOLDFAST_LLM_KEY: key } = settings;
  if (url !== undefined) return { origin: "environment", url: hostOf(url), model, has_key: key !== undefined };
  const stored = await storedLanguageModel(db);
  if (stored === undefined) return { origin: "none", url: "", model: "", has_key: false };
  return { origin: "stored", url: stored.url, model: stored.model, has_key: stored.key !== null };
}

/** Throws HoldfastError `set_in_environment`. */
function requireUnset({ HOLDFAST_LLM_URL }: Config): void {
  if (HOLDFAST_LLM_URL === undefined) return;
  throw new HoldfastError("HOLDFAST_LLM_URL is set, which goes before what is set here", {
    code: "set_in_environment",
    class: "permanent_input",
  });
}

/** Throws HoldfastError `address_invalid`. */
function checkedUrl(address: string): string {
  const url = URL.parse(address);
  const isPlain =
    url !== null &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (isPlain) return address;
  throw new HoldfastError("the address must be an http or https URL without user name, password or query", {
    code: "address_invalid",
    class: "permanent_input",
  });
}

function isSameHost(a: string, b: string): boolean {
  return URL.parse(a)?.origin === URL.parse(b)?.origin;
}

async function askPusher({
  HOSTED_PUSHER_API_URL: base,
  HOLDFAST_INTERNAL_TOKEN: token,
}: Config): Promise<LanguageModelTest> {
  if (base === undefined) throw noPusher(undefined);
  try {
    const answer = await fetch(new URL(LANGUAGE_MODEL_TEST.path, base.replace(/^ws/, "http")), {
      method: "POST",
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(LANGUAGE_MODEL_TEST.timeoutMs + PUSHER_GRACE_MS),
    });
    return LanguageModelTest.parse(await answer.json());
  } catch (cause) {
    throw noPusher(cause);
  }
}

function noPusher(cause: unknown): HoldfastError {
  return new HoldfastError("no process that makes summaries answers", {
    ...{ code: "pusher_unreachable", class: "transport", scope: "service", cause },
  });
}
