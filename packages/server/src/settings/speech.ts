/**
 * Speech to text as people set it. The language is the account's, by the route that clients know: it counts for live sound whose
 * client names none, and for uploads. The engines are those of the configuration; the owner may say which of them is asked first.
 * Both hold from the next session and the next piece of an upload on.
 */
import { HoldfastError, type SpeechEngineSetting, SpeechSetting } from "@holdfast/contract";
import { OWNER_USER_ID, preferredEngine, setSpeechEngine, setSpeechLanguage, speechLanguage } from "@holdfast/store";
import { engineKey, parseEngines, preferring, type SttEngine } from "@holdfast/stt-client";
import { z } from "zod";
import { engineFacts } from "../account/server-facts.ts";
import { requireOwner } from "../auth/require-owner.ts";
import type { App, HttpContext } from "../http/context.ts";
import { text } from "../rest/input.ts";

type Context = Pick<HttpContext, "db" | "config" | "clock" | "log">;

const tags = ["account"];
/** A code as BCP 47 writes it, or `multi`, which `auto` means too. */
const Language = text(35)
  .trim()
  .regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/u, "must be the code of a language")
  .transform((code) => (code === "auto" ? "multi" : code));
const Ok = z.object({ status: z.literal("ok") });

export function registerSpeechSetting(app: App, context: Context): void {
  registerLanguage(app, context);
  registerEngines(app, context);
}

function registerLanguage(app: App, { db, clock }: Context): void {
  app.get(
    "/v1/users/language",
    { schema: { tags, summary: "What I speak", response: { 200: z.object({ language: z.string().nullable() }) } } },
    async ({ userId }) => ({ language: await speechLanguage(db, userId) }),
  );

  app.patch(
    "/v1/users/language",
    {
      schema: {
        tags,
        summary: "Say what I speak; null where it is not to be said",
        body: z.object({ language: Language.nullable() }),
        response: { 200: Ok },
      },
    },
    async ({ userId, body }) => {
      await setSpeechLanguage(db, userId, body.language, clock.now());
      return { status: "ok" as const };
    },
  );
}

function registerEngines(app: App, { db, config, clock, log }: Context): void {
  const health = rememberedHealth(clock);
  app.get(
    "/v1/settings/speech",
    {
      config: { problem: true },
      schema: { tags, summary: "What I speak, and what hears it", response: { 200: SpeechSetting } },
    },
    async ({ userId }) => {
      const configured = parseEngines(config);
      const key = await preferredEngine(db);
      const engines = preferring(configured, key);
      return {
        language: await speechLanguage(db, userId),
        engines: await Promise.all(
          engines.map(
            async (engine): Promise<SpeechEngineSetting> => ({
              ...engineFacts(engine, config),
              key: engineKey(engine),
              answers: await health(engine),
            }),
          ),
        ),
        preferred: configured.some((engine) => engineKey(engine) === key) ? key : null,
        may_choose_engine: userId === OWNER_USER_ID && configured.length > 1,
      };
    },
  );

  app.put(
    "/v1/settings/speech/engine",
    {
      config: { problem: true },
      schema: {
        tags: ["server"],
        summary: "Which engine is asked first (owner); null for the order of the configuration",
        body: z.object({ key: text(64).nullable() }),
        response: { 200: Ok },
      },
    },
    async ({ userId, body: { key } }) => {
      requireOwner(userId);
      if (key !== null && !parseEngines(config).some((engine) => engineKey(engine) === key)) {
        throw new HoldfastError("there is no such engine", { code: "engine_not_found", class: "permanent_input" });
      }
      await setSpeechEngine(db, key, clock.now());
      log.info({ event: "speech_engine_preferred", key }, "the owner chose a speech engine");
      return { status: "ok" as const };
    },
  );
}

const DEADLINE_MS = 2_000;
const REMEMBER_MS = 5_000;

/**
 * Whether the host of an engine answers by HTTP at all. Of our own process its health is asked for; of others anything that is
 * said counts, since their shapes have no route for it. However many people look, a host is asked once in a while.
 */
function rememberedHealth(clock: Context["clock"]): (engine: SttEngine) => Promise<boolean> {
  const known = new Map<string, { readonly atMs: number; readonly answer: Promise<boolean> }>();
  return (engine) => {
    const before = known.get(engine.id);
    if (before !== undefined && Math.abs(clock.now() - before.atMs) < REMEMBER_MS) return before.answer;
    const answer = answers(engine);
    known.set(engine.id, { atMs: clock.now(), answer });
    return answer;
  };
}

async function answers(engine: SttEngine): Promise<boolean> {
  const isOwn = engine.kind === "embedded";
  const route = (engine.batchUrl ?? engine.streamUrl ?? "").replace(/^ws/, "http");
  try {
    const answer = await fetch(new URL(isOwn ? "/health" : "/", route), {
      redirect: "manual",
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    await answer.body?.cancel();
    return isOwn ? answer.ok : true;
  } catch {
    return false;
  }
}
