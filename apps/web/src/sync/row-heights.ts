/**
 * How high rows are that nobody saw yet. A row that turns out otherwise moves every row below it, and with tens of thousands
 * of them that is most of a frame; so the guess follows what is measured. What two rows of a kind agree on holds for the
 * others, in this language and on a screen of this width; one odd row (a text that needs a second line) changes nothing.
 */

export type RowKind = "day" | "recording";

/** On a wide screen, in English. */
const FIRST_GUESS: Readonly<Record<RowKind, number>> = { day: 44, recording: 99 };

export class RowHeights {
  readonly #guess: Record<RowKind, number> = { ...FIRST_GUESS };
  readonly #last: Record<RowKind, number> = { ...FIRST_GUESS };

  /** Pixels. */
  guess(kind: RowKind): number {
    return this.#guess[kind];
  }

  /** A row of this kind was measured. */
  saw(kind: RowKind, px: number): void {
    if (this.#last[kind] === px) this.#guess[kind] = px;
    this.#last[kind] = px;
  }
}
