/** Each fact of a server in words, with the settings it follows from. */
import { ConfigSchema, type ServerFacts } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import type { MessageId } from "../i18n/message.ts";
import { factWords } from "./server-words.ts";

const OWN: ServerFacts["speech"][number] = {
  ...{ kind: "embedded", host: null, model: "base", languages: ["en"], live: true, batch: true },
};

const FACTS: ServerFacts = {
  version: "0.1.0",
  you_are_owner: true,
  speech: [OWN],
  language_model: null,
  audio_retention: "transcribed",
  fair_use: {
    ...{ enabled: false, applies_to_you: false },
    ...{ daily_speech_ms: 7_200_000, three_day_speech_ms: 28_800_000, weekly_speech_ms: 36_000_000 },
  },
  storage: { kind: "directory" },
  uploads: { max_file_bytes: 200_000_000, max_files: 50, max_open_resumable: 20, max_open_resumable_bytes: 1 },
  live: { max_sessions: 1_500, max_sessions_per_user: 20 },
};

function said(label: MessageId, facts: Partial<ServerFacts> = {}): readonly [string, string] {
  const found = factWords({ ...FACTS, ...facts }, "en").find((fact) => fact.label === label);
  return [found?.lines.map((line) => english.say(line)).join(" / ") ?? "", found?.settings.join() ?? ""];
}

describe("the facts of a server", () => {
  const hosted: ServerFacts["speech"][number] = {
    ...{ kind: "deepgram", host: "stt.example:8080", model: null, languages: "any", live: true, batch: false },
  };
  const odd = { ...OWN, languages: ["de", "pt-BR", "not a code"] };

  const limited = { ...FACTS.fair_use, enabled: true, applies_to_you: true };
  const others = { ...limited, applies_to_you: false };

  it.each<readonly [MessageId, Partial<ServerFacts>, string, string]>([
    ["server.speech", {}, "Built in · base / Languages: English", "HOLDFAST_STT,HOLDFAST_MODEL"],
    [
      "server.speech",
      { speech: [{ ...hosted, model: "nova" }] },
      "stt.example:8080 · nova / Takes every language",
      "HOLDFAST_STT,HOLDFAST_STT_MODEL",
    ],
    [
      "server.speech",
      { speech: [hosted, odd] },
      "stt.example:8080 / Takes every language / Built in · base / Languages: German, Brazilian Portuguese, and not a code",
      "HOLDFAST_STT,HOLDFAST_MODEL,HOLDFAST_STT_MODEL",
    ],
    ["server.model", {}, "None; summaries are made of sentences from the transcript", "HOLDFAST_LLM_URL"],
    [
      "server.model",
      { language_model: { host: "localhost:11434", model: "qwen3", stored: false } },
      "localhost:11434 · qwen3",
      "HOLDFAST_LLM_URL,HOLDFAST_LLM_MODEL",
    ],
    [
      "server.model",
      { language_model: { host: "localhost:11434", model: "qwen3", stored: true } },
      "localhost:11434 · qwen3",
      "",
    ],
    ["server.retention", {}, "Until it is transcribed", "HOLDFAST_AUDIO_RETENTION"],
    ["server.retention", { audio_retention: "forever" }, "As long as its conversation", "HOLDFAST_AUDIO_RETENTION"],
    ["server.fair_use", {}, "You are not limited", "FAIR_USE_ENABLED"],
    ["server.fair_use", { fair_use: others }, "You are not limited", "FAIR_USE_EXEMPT_UIDS"],
    [
      "server.fair_use",
      { fair_use: limited },
      "Speech you can have transcribed: 2 hr in a day, 8 hr in three days, 10 hr in a week",
      "FAIR_USE_DAILY_SPEECH_MS,FAIR_USE_3DAY_SPEECH_MS,FAIR_USE_WEEKLY_SPEECH_MS",
    ],
    [
      "server.live",
      {},
      "1,500 at the same time, 20 of them yours",
      "HOLDFAST_MAX_SESSIONS,HOLDFAST_MAX_SESSIONS_PER_USER",
    ],
    ["server.uploads", {}, "50 files at a time, each up to 200 MB", ""],
  ])("%s of %j", (label, facts, words, settings) => expect(said(label, facts)).toEqual([words, settings]));

  it("name only settings that there are", () => {
    const everything = [
      ...factWords(FACTS, "en"),
      ...factWords(
        {
          ...FACTS,
          speech: [hosted],
          language_model: { host: "a", model: "b", stored: false },
          fair_use: limited,
        },
        "en",
      ),
    ].flatMap(({ settings }) => settings);
    expect(everything.filter((name) => !(name in ConfigSchema.shape))).toEqual([]);
  });
});
