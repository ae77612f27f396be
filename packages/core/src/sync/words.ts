/** What was said, without how it was written: words in lower case, no punctuation. For comparing transcripts. */
const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;

export function wordsOf(text: string): string[] {
  return (text.normalize("NFKC").toLowerCase().match(WORD) ?? []).map((word) => word.replaceAll("’", "'"));
}

/** The same for the same words, however they are written. */
export function spokenText(text: string): string {
  return wordsOf(text).join(" ");
}
