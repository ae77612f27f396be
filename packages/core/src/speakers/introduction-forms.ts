/**
 * How people say their name, by language. `plain` forms can mean nothing else. `opening` forms ("I'm Anna") count only at the
 * beginning of a sentence, before a pause or a word that continues an introduction. `greeted` forms ("this is Anna") count
 * only behind a greeting, or with `tail`, the word that makes them an introduction.
 */
import { CHINESE_SURNAMES, NAME_PARTICLES } from "./not-names.ts";

export interface IntroductionForm {
  readonly pattern: RegExp;
  readonly needs: "nothing" | "opening" | "greeting";
}

/** A word with a capital: Anna, O'Brien, Jean-Luc, Mc Donald's parts, also in Cyrillic and Greek. */
const WORD = String.raw`\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*`;
const NAME = String.raw`(?<name>${WORD}(?:\s+(?:(?:${NAME_PARTICLES})\s+){0,2}${WORD}){0,3})`;

/** Not in the middle of a word; ASCII `\b` does not know letters of other scripts. */
const BEFORE = String.raw`(?<![\p{L}\p{N}'’])`;
const AFTER = String.raw`(?![\p{L}\p{N}'’])`;

/** What may follow a name that was said by "I'm": a pause, the end, or more about the same person. */
const CONTINUES = String.raw`(?=\s*(?:$|[,;:.!…—–]|\s-\s|\s(?i:and|from|with|here|speaking|calling|by the way|und|aus|von|et|de|du|y|e|di|en|van|uit|och|och från)(?!\p{L})))`;

const plain = (lead: string): IntroductionForm => form(String.raw`${BEFORE}(?i:${lead})\s+${NAME}${AFTER}`, "nothing");
const opening = (lead: string): IntroductionForm => form(String.raw`^(?i:${lead})\s+${NAME}${CONTINUES}`, "opening");
const greeted = (lead: string): IntroductionForm => form(String.raw`^(?i:${lead})\s+${NAME}${CONTINUES}`, "greeting");
const tailed = (lead: string, tail: string): IntroductionForm =>
  form(String.raw`${BEFORE}(?i:${lead})\s+${NAME}\s+(?i:${tail})${AFTER}`, "nothing");
const verbatim = (pattern: string): IntroductionForm => form(pattern, "nothing");

function form(pattern: string, needs: IntroductionForm["needs"]): IntroductionForm {
  return { pattern: new RegExp(pattern, "u"), needs };
}

const HAN = String.raw`\p{Script=Han}`;
const KANA = String.raw`${HAN}\p{Script=Katakana}\p{Script=Hiragana}ー・`;
const KATAKANA = String.raw`${HAN}\p{Script=Katakana}ー・`;
const CLAUSE_END = String.raw`(?=\s*(?:$|[，,。.！!；;、]))`;
const DEVANAGARI = String.raw`[\p{Script=Devanagari}\p{M}]+`;
const ARABIC = String.raw`[\p{Script=Arabic}\p{M}]{2,15}`;
const HANGUL = String.raw`\p{Script=Hangul}`;

let made: readonly IntroductionForm[] | undefined;

/** Made when the first is asked for: to make them takes longer than to load all of core, and most processes never ask. */
export function introductionForms(): readonly IntroductionForm[] {
  made ??= makeForms();
  return made;
}

const makeForms = (): readonly IntroductionForm[] => [
  // English
  plain(
    "my name is|my name['’]s|my full name is|the name is|the name['’]s|my friends call me|everyone calls me|you can call me",
  ),
  plain("people call me|i go by|i am called|i['’]m called"),
  opening("i['’]m|i am"),
  tailed("this is|it['’]s|it is", "speaking|here|calling"),
  greeted("this is|it['’]s"),
  // German
  plain("mein name ist|mein name lautet|ich hei(?:ß|ss)e|man nennt mich|hier spricht|am apparat ist"),
  greeted("hier ist|ich bin|ich bin (?:der|die)"),
  // French
  plain("je m['’]appelle|mon nom est|mon nom c['’]est|moi c['’]est|on m['’]appelle"),
  opening("je suis"),
  greeted("c['’]est|ici"),
  // Spanish
  plain("me llamo|mi nombre es|me llaman"),
  opening("soy|yo soy"),
  greeted("habla|le habla"),
  // Portuguese
  plain("me chamo|chamo-me|eu me chamo|o? ?meu nome é"),
  opening("eu sou|sou o|sou a|eu sou o|eu sou a"),
  // Italian
  plain("mi chiamo|il mio nome è"),
  opening("sono|io sono"),
  // Dutch
  plain("mijn naam is|ik heet|je spreekt met|u spreekt met"),
  opening("ik ben"),
  // Other languages of Europe, whose nouns are not capitalised
  plain("jag heter|mitt namn är|jeg hedder|mit navn er|jeg heter|mitt navn er|nimeni on|minun nimeni on"),
  plain("nazywam się|mam na imię|jmenuji se|jmenuju se|volám sa|mă numesc|numele meu este|a nevem"),
  plain("με λένε|το όνομά μου είναι|ονομάζομαι"),
  plain("меня зовут|мо[её] имя|мене звати|моє ім['’]я|казвам се|зовем се"),
  plain("benim adım|adım|ismim|tên tôi là|tôi tên là|nama saya|nama saya adalah"),
  // Chinese: alone only with a surname, since 我叫 also means "I call"
  verbatim(String.raw`我叫(?:做)?\s*(?<name>(?:${CHINESE_SURNAMES})${HAN}{1,2})${CLAUSE_END}`),
  verbatim(String.raw`我(?:的名字)?(?:叫|是叫)\s*(?<name>\p{Lu}[\p{Script=Latin}]+)${CLAUSE_END}`),
  verbatim(String.raw`我的?名字(?:是|叫)\s*(?<name>${HAN}{2,4}|\p{Lu}[\p{Script=Latin}]+)${CLAUSE_END}`),
  // Japanese
  verbatim(String.raw`名前は\s*(?<name>[${KANA}]{1,12}?)(?:です(?!か)|と申します|といいます|と言います)`),
  verbatim(
    String.raw`(?:^|[、，,\s])(?:(?:私|わたし|わたくし|僕|俺)は)?(?<name>[${KATAKANA}]{1,12})(?:と申します|といいます|と言います)`,
  ),
  // Korean
  verbatim(String.raw`(?:제|내) 이름은\s*(?<name>${HANGUL}{2,4}?)(?:입니다|이에요|예요|이야|야|이라고)`),
  verbatim(String.raw`(?:저는|나는)\s*(?<name>${HANGUL}{2,4}?)(?:이)?라고 (?:합니다|해요|해)`),
  // Hindi
  verbatim(String.raw`मेरा नाम\s+(?<name>${DEVANAGARI}(?:\s+${DEVANAGARI})?)\s+है`),
  verbatim(String.raw`मैं\s+(?<name>${DEVANAGARI})\s+बोल (?:रहा|रही) हू`),
  // Arabic
  verbatim(String.raw`(?<!\p{L})(?:اسمي|إسمي)\s+(?:هو\s+)?(?<name>${ARABIC})(?!\p{L})`),
];

/** What may stand before "I'm Anna" without making it something else. */
const FILLER = "so|well|yeah|yes|okay|ok|and|um|uh|oh|also|also ich|alors|bueno|pues|allora|então|nou|ja";
const GREETING = `(?:hi|hello|hey|hiya|howdy|welcome|good (?:morning|afternoon|evening)|nice to meet you|pleased to meet you|hallo|guten (?:tag|morgen|abend)|grüß gott|servus|moin|bonjour|bonsoir|salut|allô|enchantée?|hola|buen(?:os|as) (?:días|dias|tardes|noches)|mucho gusto|olá|oi|bom dia|boa (?:tarde|noite)|prazer|ciao|buongiorno|buonasera|salve|piacere|hoi|goedemorgen|goedemiddag|goedenavond|dag|hej|hei)`;
const TO_WHOM =
  "(?:\\s+(?:there|everyone|everybody|all|guys|folks|team|zusammen|alle|tous|à tous|a todos|a tutti|allemaal))?";

/** Leading greetings and fillers of a sentence, and whether one of them was a greeting. */
export const LEADING_GREETING = new RegExp(String.raw`^(?:${GREETING}${TO_WHOM})(?:\s*[,;:.!。！—–-]\s*|\s+|$)`, "iu");
export const LEADING_FILLER = new RegExp(String.raw`^(?:${FILLER})(?:\s*[,;:—–-]\s*|\s+)`, "iu");

/** Words before a form that make it somebody else's, a wish, or a quotation. */
export const NOT_OWN =
  /(?<!\p{L})(?:said|says|say|saying|told|tells|tell|asked|asks|claims|claimed|pretend|pretended|imagine|suppose|if|whether|wish|thought|thinks|believes|guess|sagte|sagt|meinte|wenn|ob|dit|disait|si|dijo|dice|disse|ha detto|zei|zegt|als|сказал|сказала|говорит|если|say that|not)(?!\p{L})/iu;
