/**
 * The words of a live transcript for a person: the segment that still grows is in the line at the bottom, and becomes a line
 * of its own when another one follows or at the end. What was printed is not taken back, so a segment is printed once.
 */
import type { Segment } from "@holdfast/contract";
import type { Screen } from "./screen.ts";

export class LiveWords {
  readonly #screen: Screen;
  readonly #prefix: string;
  readonly #printed = new Set<string>();

  constructor(screen: Screen, prefix: string) {
    this.#screen = screen;
    this.#prefix = prefix;
  }

  show(segments: readonly Segment[]): void {
    const last = segments.at(-1);
    this.#print(segments.slice(0, -1));
    if (last !== undefined && !this.#printed.has(last.id)) this.#screen.live(`${this.#prefix}${last.text}`);
  }

  finish(segments: readonly Segment[]): void {
    this.#screen.live("");
    this.#print(segments);
  }

  #print(segments: readonly Segment[]): void {
    for (const segment of segments) {
      if (this.#printed.has(segment.id)) continue;
      this.#printed.add(segment.id);
      this.#screen.live("");
      this.#screen.line(`${this.#prefix}${segment.text}`);
    }
  }
}
