/**
 * Word errors between what was said and what was understood: the least number of words to put in, leave out and exchange to
 * turn one into the other. The one count of it for tests and bench.
 */

export interface WordComparison {
  readonly errors: number;
  /** One entry for each error, `said→heard`, with `-` for nothing. */
  readonly differences: readonly string[];
}

/** Lower-case words without punctuation: what must be equal whatever the recogniser thinks of commas. */
export function plainWords(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}' ]/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** The words of `fixtures/jfk.wav`. */
export const JFK_WORDS: readonly string[] = plainWords(
  "And so my fellow Americans ask not what your country can do for you ask what you can do for your country",
);

export function wordErrors(said: readonly string[], understood: readonly string[]): number {
  return compareWords(said, understood).errors;
}

export function compareWords(said: readonly string[], heard: readonly string[]): WordComparison {
  const costs = costTable(said, heard);
  const cost = (i: number, j: number): number => costs[i]?.[j] ?? Number.POSITIVE_INFINITY;
  const differences: string[] = [];
  let [i, j] = [said.length, heard.length];
  while (i > 0 || j > 0) {
    const same = said[i - 1] === heard[j - 1];
    if (i > 0 && j > 0 && cost(i, j) === cost(i - 1, j - 1) + (same ? 0 : 1)) {
      i -= 1;
      j -= 1;
      if (!same) differences.unshift(`${said[i]}→${heard[j]}`);
    } else if (i > 0 && cost(i, j) === cost(i - 1, j) + 1) {
      i -= 1;
      differences.unshift(`${said[i]}→-`);
    } else {
      j -= 1;
      differences.unshift(`-→${heard[j]}`);
    }
  }
  return { errors: cost(said.length, heard.length), differences };
}

/** Row i, column j: errors between the first i words said and the first j heard. */
function costTable(said: readonly string[], heard: readonly string[]): Uint32Array[] {
  let above = Uint32Array.from({ length: heard.length + 1 }, (_, j) => j);
  const table = [above];
  for (const [i, word] of said.entries()) {
    const row = new Uint32Array(heard.length + 1);
    row[0] = i + 1;
    for (const [j, other] of heard.entries()) {
      const exchange = (above[j] ?? 0) + (word === other ? 0 : 1);
      row[j + 1] = Math.min(exchange, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1);
    }
    table.push(row);
    above = row;
  }
  return table;
}
