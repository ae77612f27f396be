/** What can be chosen of languages, and what an engine hears, for the page of speech. Pure. */
import type { SpeechEngineSetting, SpeechSetting } from "@holdfast/contract";
import { LOCALES } from "../i18n/locales.ts";
import type { MessageId } from "../i18n/message.ts";
import { languageName } from "./server-words.ts";

type Engine = Pick<SpeechEngineSetting, "languages" | "live" | "batch">;

/** What an engine knows; for one that takes every language, those that this page itself is in. With the chosen one, by name. */
export function languagesToChoose({ engines, language }: SpeechSetting, locale: string): readonly string[] {
  const known = engines.flatMap(({ languages }) => (languages === "any" ? LOCALES : languages));
  const chosen = language === null || language === "multi" ? [] : [language];
  const named = (code: string): string => languageName(code, locale);
  return [...new Set([...known, ...chosen])].sort((a, b) => named(a).localeCompare(named(b), locale));
}

/** False where no engine would be asked for it. */
export function isKnown(engines: readonly Engine[], language: string | null): boolean {
  if (language === null || language === "multi") return true;
  const [code = ""] = language.toLowerCase().split(/[-_]/);
  return engines.some(({ languages }) => languages === "any" || languages.includes(code));
}

export function canHear({ live, batch }: Engine): MessageId {
  if (live && batch) return "speech.can.both";
  return live ? "speech.can.live" : "speech.can.batch";
}
