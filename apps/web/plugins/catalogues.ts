/**
 * The languages of the page as modules. `virtual:catalogue/de` is `locales/de.json` with its messages parsed, a chunk of its own
 * that is loaded when somebody wants it; `virtual:catalogues` says which there are and how each is loaded. English is in the page
 * itself: it is what stands in where a catalogue cannot be loaded. The pseudo-locales are made of it here. The other languages
 * carry their messages without ids, in the order of the English ones: ids are a quarter of what would be loaded.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { type CompiledCatalogue, compileCatalogue } from "./compile.ts";
import { PSEUDO } from "./pseudo.ts";

const ALL = "virtual:catalogues";
const ONE = "virtual:catalogue/";
const ENGLISH = "en";

const FOLDER = new URL("../locales/", import.meta.url);

/** Languages that have a file, in the order of their names. */
export function localesWithFile(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();
}

export function readMessages(locale: string): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(pathOf(locale), "utf8"));
}

export function compiled(locale: string): CompiledCatalogue {
  const pseudo = PSEUDO[locale];
  return pseudo === undefined
    ? compileCatalogue(readMessages(locale))
    : compileCatalogue(readMessages(ENGLISH), pseudo);
}

export function catalogues(): Plugin {
  return {
    name: "holdfast:catalogues",
    resolveId: (id) => (id === ALL || id.startsWith(ONE) ? `\0${id}` : null),
    load(id) {
      if (id === `\0${ALL}`) {
        const lazy = [...localesWithFile(), ...Object.keys(PSEUDO)].filter((locale) => locale !== ENGLISH);
        const entries = lazy.map((locale) => `${JSON.stringify(locale)}: () => import("${ONE}${locale}").then(named),`);
        return `${INDEX}export const LAZY = {\n${entries.join("\n")}\n};\n`;
      }
      if (!id.startsWith(`\0${ONE}`)) return null;
      const locale = id.slice(ONE.length + 1);
      this.addWatchFile(pathOf(PSEUDO[locale] === undefined ? locale : ENGLISH));
      if (locale === ENGLISH) return `export default ${JSON.stringify(compiled(ENGLISH))};\n`;
      const messages = compiled(locale);
      // What is not translated is said in English.
      const inOrder = Object.keys(readMessages(ENGLISH)).map((id) => messages[id] ?? null);
      return `export default ${JSON.stringify(inOrder)};\n`;
    },
  };
}

/** Gives messages in the order of English their ids back. */
const INDEX = `import ENGLISH from "${ONE}${ENGLISH}";
export { ENGLISH };
const named = ({ default: inOrder }) => ({
  default: Object.fromEntries(Object.keys(ENGLISH).flatMap((id, at) => (inOrder[at] === null ? [] : [[id, inOrder[at]]]))),
});
`;

function pathOf(locale: string): string {
  return fileURLToPath(new URL(`${locale}.json`, FOLDER));
}
