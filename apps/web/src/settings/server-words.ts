/** What the server says of itself, in words, each fact with the environment settings that it follows from. Pure. */
import type { ServerFacts } from "@holdfast/contract";
import { duration, fileSize } from "../i18n/amounts.ts";
import { type Message, type MessageId, message, type Text } from "../i18n/message.ts";

export interface FactWords {
  readonly label: MessageId;
  readonly lines: readonly Text[];
  /** Names of environment settings. */
  readonly settings: readonly string[];
}

/** `locale` names the languages. */
export function factWords(facts: ServerFacts, locale: string): readonly FactWords[] {
  const { live, uploads, language_model } = facts;
  return [
    {
      label: "server.speech",
      lines: facts.speech.flatMap((engine) => [engineWords(engine), languageWords(engine.languages, locale)]),
      settings: ["HOLDFAST_STT", ...modelSettings(facts.speech)],
    },
    {
      label: "server.model",
      lines: [
        language_model === null ? message("server.model.none") : `${language_model.host} · ${language_model.model}`,
      ],
      settings: modelOrigin(language_model),
    },
    {
      label: "server.retention",
      lines: [message(`server.retention.${facts.audio_retention}`)],
      settings: ["HOLDFAST_AUDIO_RETENTION"],
    },
    { label: "server.fair_use", lines: [fairUseWords(facts.fair_use)], settings: fairUseSettings(facts.fair_use) },
    {
      label: "server.live",
      lines: [message("server.live.most", { most: live.max_sessions, own: live.max_sessions_per_user })],
      settings: ["HOLDFAST_MAX_SESSIONS", "HOLDFAST_MAX_SESSIONS_PER_USER"],
    },
    {
      label: "server.uploads",
      lines: [message("server.uploads.most", { files: uploads.max_files, size: fileSize(uploads.max_file_bytes) })],
      settings: [],
    },
  ];
}

type Engine = ServerFacts["speech"][number];

export function engineWords({ kind, host, model }: Engine): Text {
  if (kind === "embedded")
    return message("shell.two_facts", { first: message("server.built_in"), second: model ?? "" });
  return [host ?? kind, ...(model === null ? [] : [model])].join(" · ");
}

export function languageWords(languages: Engine["languages"], locale: string): Message {
  if (languages === "any") return message("server.languages.any");
  const items = languages.map((code) => languageName(code, locale));
  return message("server.languages", { languages: { as: "list", items, type: "conjunction" } });
}

/** What is no code of a language is shown as it is. */
export function languageName(code: string, locale: string): string {
  try {
    return new Intl.DisplayNames([locale], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** What the owner set in the page is no setting of the environment. */
function modelOrigin(model: ServerFacts["language_model"]): readonly string[] {
  if (model === null) return ["HOLDFAST_LLM_URL"];
  return model.stored ? [] : ["HOLDFAST_LLM_URL", "HOLDFAST_LLM_MODEL"];
}

function modelSettings(engines: readonly Engine[]): readonly string[] {
  const isOwn = engines.some(({ kind }) => kind === "embedded");
  const isRemote = engines.some(({ kind }) => kind !== "embedded");
  return [...(isOwn ? ["HOLDFAST_MODEL"] : []), ...(isRemote ? ["HOLDFAST_STT_MODEL"] : [])];
}

type FairUse = ServerFacts["fair_use"];

function fairUseWords({ applies_to_you, daily_speech_ms, three_day_speech_ms, weekly_speech_ms }: FairUse): Message {
  if (!applies_to_you) return message("server.fair_use.none");
  return message("server.fair_use.limits", {
    day: duration(daily_speech_ms),
    three_days: duration(three_day_speech_ms),
    week: duration(weekly_speech_ms),
  });
}

function fairUseSettings({ enabled, applies_to_you }: FairUse): readonly string[] {
  if (!enabled) return ["FAIR_USE_ENABLED"];
  if (!applies_to_you) return ["FAIR_USE_EXEMPT_UIDS"];
  return ["FAIR_USE_DAILY_SPEECH_MS", "FAIR_USE_3DAY_SPEECH_MS", "FAIR_USE_WEEKLY_SPEECH_MS"];
}
