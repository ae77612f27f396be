/** Cleaning and cutting phrases for people to read: fillers go, the first letter is upper case, cuts fall between words. */

const LEADING =
  /^(?:(?:and|so|but|or|well|ok|okay|yeah|yep|yes|no|um+|uh+|erm|hmm|like|you know|i mean|i think|i guess|i believe|actually|basically|anyway|right|hey|hi|hello|alright|all right|now|then|also|maybe|oh|because|by the way|to be honest|honestly)\b[\s,.!…-]*)+/iu;
const TRAILING =
  /(?:[\s,]+(?:you know|i think|i guess|right|okay|ok|and|so|but|or|um+|uh+|please|too|though|then|of|the|a|an|to|for|with))+$/iu;
const FILLERS = /(?:^|,?\s+)(?:um+|uh+|erm+|hmm+|mhm)\b[,.]?(?=\s|$)/giu;
const EDGES = /^[\s\p{P}\p{S}]+|[\s,;:\-–—…]+$/gu;
const QUOTES = /^["'“”‘’«»([{]+|["'“”‘’«»)\]}]+$/gu;

const OPENERS = /^(?:(?:and|so|but|well|ok|okay|yeah|anyway|alright|all right)\b[\s,.!…-]+)+(?=\S)/iu;

/** A whole sentence, without hesitations and without the words that only open it. */
export function tidySentence(text: string): string {
  return capitalise(withoutFillers(text).replace(OPENERS, ""));
}

/** Without hesitations. */
export function withoutFillers(text: string): string {
  return text
    .replace(FILLERS, "")
    .replace(/\s{2,}/gu, " ")
    .trim();
}

/** Without hesitations and without the words by which people get going and trail off. */
export function trimPhrase(text: string): string {
  const inner = withoutFillers(text).replace(EDGES, "").replace(LEADING, "").replace(EDGES, "");
  return inner
    .replace(/[.!?。！？]+$/u, "")
    .replace(TRAILING, "")
    .replace(QUOTES, "")
    .trim();
}

export function capitalise(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("");
}

/** At most `limit` UTF-16 units, cut between words where there are any, never through a character. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let kept = "";
  for (const character of text) {
    if (kept.length + character.length > limit) break;
    kept += character;
  }
  const space = kept.lastIndexOf(" ");
  return (space > limit / 2 ? kept.slice(0, space) : kept).trimEnd();
}

/** As `cut`, with an ellipsis where something is missing. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${cut(text, limit - 1).replace(/[\s,;:.–—-]+$/u, "")}…`;
}
