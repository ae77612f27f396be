/**
 * Finds the name in a sentence by which a speaker introduces themself: "my name is Anna", "Hi, I'm Tom", "ich heiße Jörg",
 * "je m'appelle Chloé", "меня зовут Иван", "我叫王小明". Conservative: a wrong name on a voice is worse than none, so a
 * doubtful sentence gives nothing. In scripts with capitals a name has one, in a text that also has small letters; "I'm
 * fine", "I'm American", "this is Paris" and what somebody else is quoted with are not introductions.
 */
import { sentences } from "../segments/text.ts";
import {
  type IntroductionForm,
  introductionForms,
  LEADING_FILLER,
  LEADING_GREETING,
  NOT_OWN,
} from "./introduction-forms.ts";
import { NOT_NAMES } from "./not-names.ts";

/** Longest text looked at; an introduction is short. */
const MAX_CHARACTERS = 2_000;
const MAX_NAME = 60;

/** The name as it was said, or undefined. */
export function introducedName(text: string): string | undefined {
  const heard = text.slice(0, MAX_CHARACTERS).toWellFormed().normalize("NFC").replace(/\s+/gu, " ");
  if (!hasMeaningfulCase(heard)) return undefined;
  let greeted = false;
  for (const sentence of sentences(heard)) {
    const opened = open(sentence, greeted);
    for (const form of introductionForms()) {
      const name = nameIn(form, form.needs === "nothing" ? sentence : opened.rest, opened.greeted);
      if (name !== undefined) return name;
    }
    greeted = opened.greeted && opened.rest === "";
  }
  return undefined;
}

/** People are the same whatever the case of their name and however its accents are encoded. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").replace(/\s+/gu, " ").trim().toLowerCase();
}

/** A text in capitals only says nothing by its capitals. */
function hasMeaningfulCase(text: string): boolean {
  return !/\p{Lu}/u.test(text) || /\p{Ll}/u.test(text);
}

/** The sentence without the greetings and fillers it begins with. */
function open(sentence: string, greetedBefore: boolean): { readonly rest: string; readonly greeted: boolean } {
  let rest = sentence;
  let greeted = greetedBefore;
  for (let step = 0; step < 4; step += 1) {
    const without = rest.replace(LEADING_GREETING, "");
    if (without !== rest) greeted = true;
    const next = without.replace(LEADING_FILLER, "");
    if (next === rest) break;
    rest = next;
  }
  return { rest: /^[\s\p{P}]*$/u.test(rest) ? "" : rest, greeted };
}

function nameIn(form: IntroductionForm, sentence: string, greeted: boolean): string | undefined {
  if (form.needs === "greeting" && !greeted) return undefined;
  const match = form.pattern.exec(sentence);
  const found = match?.groups?.name;
  if (match === null || found === undefined) return undefined;
  if (NOT_OWN.test(sentence.slice(0, match.index))) return undefined;
  const rest = sentence.slice(match.index + match[0].length);
  return /^\s*[?？؟]/u.test(rest) ? undefined : nameOf(found);
}

/** The words up to the first that belongs to no name. */
function nameOf(found: string): string | undefined {
  const kept: string[] = [];
  for (const word of found.split(" ")) {
    const plain = word.toLowerCase().replaceAll("’", "'");
    const possessive = plain.endsWith("'s");
    if (possessive && kept.length === 0) return undefined;
    const isName = /^\p{Lu}|^\p{Lo}/u.test(word);
    if (possessive || (isName && NOT_NAMES.has(plain)) || (isName && word.length < 2 && !/\p{Lo}/u.test(word))) break;
    kept.push(word);
  }
  while (kept.length > 0 && !/^\p{Lu}|^\p{Lo}/u.test(kept.at(-1) ?? "")) kept.pop();
  const name = kept.join(" ");
  return name === "" || name.length > MAX_NAME ? undefined : name;
}
