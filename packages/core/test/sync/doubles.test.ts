/** Speech that came live and as a recording is there once; what live missed is not lost. */
import { withoutDoubles } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Line {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

const line = (startS: number, text: string, seconds = 2): Line => ({
  startMs: startS * 1000,
  endMs: (startS + seconds) * 1000,
  text,
});
const texts = (lines: readonly Line[]): string[] => lines.map(({ text }) => text);

const HARBOUR = "The harbour lights went on at dusk.";
const BOAT = "A boat came in without any noise.";
const NOBODY = "Nobody had been waiting for it.";

describe("withoutDoubles", () => {
  const live = [line(0, HARBOUR), line(5, BOAT), line(10, NOBODY)];

  it("adds nothing that was heard live, whatever the clocks say, up to ten minutes", () => {
    for (const offset of [0, 1.5, -40, 595, -595]) {
      const again = live.map((one) => line(one.startMs / 1000 + offset, one.text));
      expect(withoutDoubles(live, again)).toEqual([]);
    }
    const hours = live.map((one) => line(one.startMs / 1000 + 3_600, one.text));
    expect(withoutDoubles(live, hours)).toEqual(hours);
  });

  it("adds what live missed", () => {
    const all = [line(30, HARBOUR), line(35, BOAT), line(38, "It was painted red."), line(40, NOBODY)];
    expect(texts(withoutDoubles(live, all))).toEqual(["It was painted red."]);
  });

  it("finds lines that live joined into one, or wrote otherwise", () => {
    const joined = [line(0, `${HARBOUR} ${BOAT} ${NOBODY}`, 12)];
    const again = [line(1, HARBOUR.toUpperCase()), line(6, BOAT.replace(".", " ,")), line(11, NOBODY)];
    expect(withoutDoubles(joined, again)).toEqual([]);
  });

  it("finds a line that was heard with one wrong word, once the clocks are known", () => {
    const again = [line(0, HARBOUR), line(5, BOAT), line(10, "Nobody had been waving for it.")];
    expect(withoutDoubles(live, again)).toEqual([]);
    expect(texts(withoutDoubles(live, [again[2] ?? line(0, "")]))).toEqual(["Nobody had been waving for it."]);
  });

  it("believes one line only where there is no other", () => {
    expect(withoutDoubles(live, [line(0, BOAT)])).toEqual([]);
    const mixed = [line(0, BOAT), line(4, "Something else was said."), line(8, "And then something more.")];
    expect(withoutDoubles(live, mixed)).toEqual(mixed);
  });

  it("does not take short words for the same, unless they lie between others that are", () => {
    const yes = [line(0, "Yes."), line(3, "No, no.")];
    expect(withoutDoubles(yes, [line(0, "Yes."), line(3, "No, no.")])).toHaveLength(2);
    const talk = [line(0, HARBOUR), line(4, "Yes."), line(6, BOAT)];
    expect(withoutDoubles(talk, [line(20, HARBOUR), line(24, "Yes."), line(26, BOAT)])).toEqual([]);
  });

  it("keeps the second of two when live heard one", () => {
    const again = [line(0, HARBOUR), line(5, BOAT), line(7, BOAT), line(10, NOBODY)];
    expect(texts(withoutDoubles(live, again))).toEqual([BOAT]);
  });

  it("gives up nothing for speech that live never heard", () => {
    expect(withoutDoubles([], live)).toEqual(live);
    const other = [line(0, "Quite another matter altogether."), line(5, "And nothing in common with it.")];
    expect(withoutDoubles(live, other)).toEqual(other);
  });

  const word = fc.stringMatching(/^[a-z]{3,8}$/);
  const sentence = fc.array(word, { minLength: 4, maxLength: 9 });
  const talk = fc.uniqueArray(sentence, { minLength: 4, maxLength: 12, selector: (words) => words.join(" ") });
  const spoken = (sentences: readonly string[][]): Line[] => {
    let startS = 0;
    return sentences.map((words) => {
      const seconds = words.length * 0.4;
      const made = line(startS, `${words.join(" ")}.`, seconds);
      startS += seconds + 0.5;
      return made;
    });
  };
  /** Live words: some lines missed, neighbours joined as live joins them. */
  const heardLive = (lines: readonly Line[], missed: ReadonlySet<number>, joins: readonly boolean[]): Line[] => {
    const heard: Line[] = [];
    for (const [index, one] of lines.entries()) {
      const last = heard.at(-1);
      if (missed.has(index)) continue;
      if (last !== undefined && joins[index] === true && !missed.has(index - 1)) {
        heard.splice(-1, 1, { ...last, endMs: one.endMs, text: `${last.text} ${one.text}` });
      } else heard.push(one);
    }
    return heard;
  };

  it("adds exactly what live missed", () => {
    fc.assert(
      fc.property(
        talk,
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        fc.array(fc.nat({ max: 11 }), { maxLength: 6 }),
        fc.integer({ min: -590, max: 590 }),
        (sentences, joins, lost, offsetS) => {
          const lines = spoken(sentences);
          const missed = new Set(lost.map((index) => index % lines.length));
          fc.pre(lines.length - missed.size >= 2);
          const recorded = lines.map((one) => ({
            ...one,
            startMs: one.startMs + offsetS * 1000,
            endMs: one.endMs + offsetS * 1000,
          }));
          const added = withoutDoubles(heardLive(lines, missed, joins), recorded);
          expect(texts(added)).toEqual(texts(lines.filter((_, index) => missed.has(index))));
        },
      ),
    );
  });
});
