/**
 * Which engine is asked first. Both functions give a list to be tried in order: the engines that can do it, as the setting
 * orders them, and the embedded one at the end whatever the language, because a poor transcript is repaired and a missing
 * one is not noticed.
 */
import type { StreamEncoding } from "@holdfast/contract";
import type { SttEngine } from "./engines.ts";

/** Engines for a live stream of this encoding. `language` is a BCP 47 tag; `multi` or undefined means not known. */
export function selectLive(
  engines: readonly SttEngine[],
  encoding: StreamEncoding,
  language: string | undefined,
): readonly SttEngine[] {
  return able(engines, ({ capabilities }) => {
    return capabilities.live && capabilities.encodings.includes(encoding) && speaks(capabilities.languages, language);
  });
}

/** Engines for a whole recording. */
export function selectBatch(engines: readonly SttEngine[], language?: string): readonly SttEngine[] {
  return able(engines, ({ capabilities }) => capabilities.batch && speaks(capabilities.languages, language));
}

function able(engines: readonly SttEngine[], can: (engine: SttEngine) => boolean): readonly SttEngine[] {
  const found = engines.filter(can);
  const fallback = engines.filter((engine) => engine.kind === "embedded" && !found.includes(engine));
  return [...found, ...fallback];
}

/** Whether an engine knows a language. `multi`, empty or undefined means not known, which any engine may try. */
export function speaks(languages: readonly string[] | "any", language: string | undefined): boolean {
  if (languages === "any" || language === undefined || language === "" || language === "multi") return true;
  return languages.includes(language.toLowerCase().split(/[-_]/)[0] ?? "");
}

/**
 * The language to ask for where only the account says what is spoken: the account's, if one of these engines knows it; undefined
 * otherwise, since words in a wrong language are better than none.
 */
export function spokenLanguage(
  engines: readonly SttEngine[],
  route: "live" | "batch",
  language: string | null,
): string | undefined {
  if (language === null) return undefined;
  const knows = ({ capabilities }: SttEngine): boolean =>
    capabilities[route] && speaks(capabilities.languages, language);
  return engines.some(knows) ? language : undefined;
}
