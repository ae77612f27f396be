/**
 * The words of a live transcript for a person: the segment that still grows is in the line at the bottom, and becomes a line
 * of its own when another one follows or at the end. What was printed is not taken back, so a segment is printed once. Where
 * there is no terminal, a segment that grew by several words is shown as a line that ends in an ellipsis.
 */
import type { Segment } from "@holdfast/contract";
import type { Screen } from "./screen.ts";

/** About five words. */
const GROWN_CHARACTERS = 25;

export class LiveWords {
  readonly #screen: Screen;
  readonly #prefix: string;
  readonly #printed = new Set<string>();
  #shownLength = 0;

  constructor(screen: Screen, prefix: string) {
    this.#screen = screen;
    this.#prefix = prefix;
  }

  show(segments: readonly Segment[]): void {
    const last = segments.at(-1);
    this.#print(segments.slice(0, -1));
    if (last === undefined || this.#printed.has(last.id)) return;
    this.#screen.live(`${this.#prefix}${last.text}`);
    if (this.#screen.isInteractive || last.text.length < this.#shownLength + GROWN_CHARACTERS) return;
    this.#shownLength = last.text.length;
    this.#screen.line(`${this.#prefix}${last.text} …`);
  }

  finish(segments: readonly Segment[]): void {
    this.#screen.live("");
    this.#print(segments);
  }

  #print(segments: readonly Segment[]): void {
    for (const segment of segments) {
      if (this.#printed.has(segment.id)) continue;
      this.#printed.add(segment.id);
      this.#shownLength = 0;
      this.#screen.live("");
      this.#screen.line(`${this.#prefix}${segment.text}`);
    }
  }
}
