/** Sentence boundaries as the merge rules see them (reference listen-and-pusher 3.2). */

const ENDERS = ".?!。！？؟۔।॥";
const ENDS_SENTENCE = new RegExp(`[${ENDERS}]$`, "u");
const STARTS_LOWER = /^\p{Ll}/u;

export function endsSentence(text: string): boolean {
  return ENDS_SENTENCE.test(text.trim());
}

export function startsLowerCase(text: string): boolean {
  return STARTS_LOWER.test(text.trim());
}

/** Ends with an ender and does not begin in lower case. */
export function isFinished(text: string): boolean {
  return endsSentence(text) && !startsLowerCase(text);
}

/** The text after the last sentence ender; empty where the text ends with one. */
export function unfinishedTail(text: string): string {
  return sentences(text).findLast((sentence) => !endsSentence(sentence)) ?? "";
}

/** Sentences with their enders, trimmed; the last one may be unfinished. */
export function sentences(text: string): string[] {
  const parts = text.match(new RegExp(`[^${ENDERS}]*[${ENDERS}]+|[^${ENDERS}]+$`, "gu")) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** Rule 5: trims, folds double spaces, drops the space before punctuation. */
export function normaliseText(text: string): string {
  return text
    .trim()
    .replace(/ {2,}/g, " ")
    .replace(/ ([,.?])/g, "$1");
}
