/**
 * The language model that counts now: the one of the environment, or else the one that the owner stored. What is stored is read
 * again for each use, so that a change holds for the next summary in every process; what was learned of a model (how it wants to
 * be asked, how long it is left alone) is kept as long as its settings stay. The key of the environment never goes to an address
 * that is stored.
 */
import { type Config, HoldfastError } from "@holdfast/contract";
import type { Classifier, Clock } from "@holdfast/core";
import { type Db, storedLanguageModel } from "@holdfast/store";
import { llmClassifier } from "../../fair-use/classifier.ts";
import { type DescribePicture, openVision } from "../../photos/vision.ts";
import type { Summariser } from "../port.ts";
import type { LlmSettings } from "./client.ts";
import { llmSummariser } from "./index.ts";

export interface LanguageModel {
  readonly settings: LlmSettings;
  readonly summariser: Summariser;
  readonly describe: DescribePicture;
  readonly reader: Classifier;
}

/** Undefined where there is none. Rejects where the database cannot be asked. */
export type CurrentLanguageModel = () => Promise<LanguageModel | undefined>;

/** Throws HoldfastError `config_invalid` where the address in the environment is none. */
export function currentLanguageModel(deps: {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
}): CurrentLanguageModel {
  const { db, config, clock } = deps;
  const timeoutMs = config.HOLDFAST_LLM_TIMEOUT_SECONDS * 1_000;
  const fixed = ofEnvironment(config, timeoutMs);
  let made: LanguageModel | undefined;
  return async () => {
    const settings = fixed ?? (await stored(db, timeoutMs));
    if (settings === undefined) return undefined;
    if (made === undefined || !isSame(made.settings, settings)) made = open(settings, clock);
    return made;
  };
}

function open(settings: LlmSettings, clock: Clock): LanguageModel {
  return {
    settings,
    summariser: llmSummariser(settings, clock),
    describe: openVision(settings, clock),
    reader: llmClassifier(settings, clock),
  };
}

function isSame(a: LlmSettings, b: LlmSettings): boolean {
  return a.url === b.url && a.key === b.key && a.model === b.model;
}

async function stored(db: Db, timeoutMs: number): Promise<LlmSettings | undefined> {
  const found = await storedLanguageModel(db);
  return found === undefined ? undefined : { ...found, key: found.key ?? undefined, timeoutMs };
}

function ofEnvironment(config: Config, timeoutMs: number): LlmSettings | undefined {
  const url = config.HOLDFAST_LLM_URL;
  if (url === undefined) return undefined;
  if (!URL.canParse(url)) {
    throw new HoldfastError("HOLDFAST_LLM_URL is not a URL", { code: "config_invalid", class: "permanent_input" });
  }
  return { url, key: config.HOLDFAST_LLM_KEY, model: config.HOLDFAST_LLM_MODEL, timeoutMs };
}
