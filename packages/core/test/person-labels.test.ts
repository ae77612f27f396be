/** What a person said about a voice, in the transcript that still grows: words of two people are never joined. */
import { addFinals, emptyTranscript, labelFor, labelled, mergeSegments, relabel } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const segment = (id: string, text: string, start: number, speaker = 0) => ({
  ...{ id, text, start, end: start + 1, speaker: `SPEAKER_0${speaker}`, speaker_id: speaker, is_user: false },
  ...{ person_id: null, translations: [], speech_profile_processed: true, stt_provider: "t" },
});
const anna = labelFor("anna");

describe("joining segments", () => {
  it("joins words of one person, and keeps those of two apart, also where the recogniser hears one speaker", () => {
    const a = labelled(segment("a", "so we", 0), anna);
    expect(mergeSegments([a], [labelled(segment("b", "should go.", 1), anna)])).toHaveLength(1);
    expect(mergeSegments([a], [segment("b", "should go.", 1)])).toHaveLength(2);
    expect(mergeSegments([a], [labelled(segment("b", "should go.", 1), labelFor("bob"))])).toHaveLength(2);
  });

  it("moves no words across the border of a decision", () => {
    const a = labelled(segment("a", "Done. And then the longer tail of it", 0, 1), anna);
    const b = labelled(segment("b", "Yes. We go.", 1, 2), anna);
    expect(mergeSegments([a], [b]).map(({ text }) => text)).toEqual([a.text, b.text]);
  });

  it("never gives one person the words of another", () => {
    const labels = [undefined, anna, labelFor("bob"), labelFor("user")];
    const said = fc.record({ label: fc.nat({ max: 3 }), speaker: fc.nat({ max: 1 }), ended: fc.boolean() });
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 8 }), (list) => {
        const segments = list.map(({ label, speaker, ended }, n) =>
          labelled(segment(`s${n}`, `word${n}of${label}${ended ? "." : ""}`, n, speaker), labels[label]),
        );
        for (const merged of mergeSegments([], segments)) {
          const owners = new Set([...merged.text.matchAll(/of(\d)/gu)].map((match) => match[1]));
          expect(owners.size).toBe(1);
        }
      }),
    );
  });
});

describe("naming what is written already", () => {
  it("changes the stored end and what was shown, so that nothing is sent again", () => {
    const step = addFinals(emptyTranscript, [segment("a", "so we", 0)]);
    const named = relabel(step.next, (item) => labelled(item, anna));
    expect(named.tail[0]).toMatchObject({ person_id: "anna", speaker_label_source: "manual" });
    const grown = addFinals(named, [labelled(segment("b", "should go.", 1), anna)]);
    expect(grown.upserts).toEqual([expect.objectContaining({ id: "a", text: "so we should go.", person_id: "anna" })]);
    expect(addFinals(named, []).update).toEqual({ segments: [], deletedIds: [] });
  });
});
