/** Says messages in English, as the page does with the catalogue that the build makes. */
import { compiled } from "../plugins/catalogues.ts";
import { type Catalogue, createWords, type Words } from "../src/i18n/words.ts";

/** What the build writes into the page, read as the page reads it. */
export function builtCatalogue(name: string): Catalogue {
  return JSON.parse(JSON.stringify(compiled(name)));
}

export function wordsIn(name: string, locale: string = name): Words {
  return createWords({ name, locale, direction: "ltr", messages: builtCatalogue(name) }, builtCatalogue("en"));
}

export const english = wordsIn("en");
