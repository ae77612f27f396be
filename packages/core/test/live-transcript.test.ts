/** A client that upserts by id and deletes what it is told must hold what is stored, after every final. */
import type { Segment } from "@holdfast/contract";
import {
  addFinals,
  type ClientUpdate,
  cutTranscript,
  emptyTranscript,
  resumeTranscript,
  showPartials,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function segment(id: string, text: string, start: number, end: number): Segment {
  return {
    id,
    text,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start,
    end,
    translations: [],
    speech_profile_processed: true,
    stt_provider: "x",
  };
}

class Client {
  readonly held = new Map<string, string>();
  apply(update: ClientUpdate): void {
    for (const id of update.deletedIds) this.held.delete(id);
    for (const item of update.segments) this.held.set(item.id, item.text);
  }
}

it("after a cut no segment grows, however the words run on", () => {
  const first = addFinals(emptyTranscript, [segment("a", "When I come", 0, 1)]);
  const shown = showPartials(first.next, [segment("b", "home", 1, 2)]);
  expect(shown.update.segments.map(({ text }) => text)).toEqual(["When I come home"]);
  const cut = cutTranscript(shown.next);
  expect(cut.update.segments.map(({ text }) => text)).toEqual(["When I come"]);
  const next = addFinals(cut.next, [segment("c", "home, call.", 1, 2)]);
  expect(next.upserts.map(({ id, text }) => [id, text])).toEqual([["c", "home, call."]]);
  expect(next.removedIds).toEqual([]);
});

describe("live transcript", () => {
  it("grows one segment through its partials under one id", () => {
    const first = showPartials(emptyTranscript, [segment("u1", "And so", 0, 1)]);
    const second = showPartials(first.next, [segment("u1", "And so my fellow", 0, 2)]);
    const final = addFinals(second.next, [segment("u1", "And so, my fellow Americans.", 0, 3)]);
    expect([first, second, final].map((step) => step.update.segments.map((item) => item.id))).toEqual([
      ["u1"],
      ["u1"],
      ["u1"],
    ]);
    expect(final.upserts.map((item) => item.text)).toEqual(["And so, my fellow Americans."]);
  });

  it("withdraws a partial that came to nothing", () => {
    const shown = showPartials(emptyTranscript, [segment("u1", "Hm", 0, 1)]);
    expect(showPartials(shown.next, []).update).toEqual({ segments: [], deletedIds: ["u1"] });
  });

  it("shows a partial inside the segment it will join, and puts it back when it does not", () => {
    const stored = addFinals(emptyTranscript, [segment("a", "First.", 0, 1)]);
    const shown = showPartials(stored.next, [segment("b", "Second", 1.5, 2)]);
    expect(shown.update.segments).toMatchObject([{ id: "a", text: "First. Second" }]);
    expect(showPartials(shown.next, []).update.segments).toMatchObject([{ id: "a", text: "First." }]);
  });

  it("keeps showing what another channel is saying when a final comes", () => {
    const other = { ...segment("v1", "And I think", 0.5, 1), speaker: "SPEAKER_01", speaker_id: 1 };
    const call = resumeTranscript([], true);
    const both = showPartials(call, [segment("u1", "Well", 0, 1), other]);
    expect(both.update.segments.map((item) => item.id)).toEqual(["u1", "v1"]);
    const final = addFinals(both.next, [segment("u1", "Well, yes.", 0, 1)], [other]);
    expect(final.upserts.map((item) => item.id)).toEqual(["u1"]);
    expect(final.update).toEqual({
      segments: [expect.objectContaining({ id: "u1", text: "Well, yes." })],
      deletedIds: [],
    });
    expect(showPartials(final.next, []).update.deletedIds).toEqual(["v1"]);
  });

  it("sends nothing twice", () => {
    const shown = showPartials(emptyTranscript, [segment("u1", "Same", 0, 1)]);
    expect(showPartials(shown.next, [segment("u1", "Same", 0, 1)]).update).toEqual({ segments: [], deletedIds: [] });
  });

  it("leaves the client with exactly what is stored, whatever partials came before", () => {
    const step = fc.record({
      final: fc.boolean(),
      empty: fc.boolean(),
      gap: fc.double({ min: 0, max: 5, noNaN: true }),
      cut: fc.constantFrom(false, false, false, true),
      text: fc.constantFrom("one", "Two.", "three four", "Five six seven.", "and eight"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, resumed) => {
        const client = new Client();
        const stored = new Map<string, string>();
        const before = resumed ? [segment("old", "Said before.", 0, 1)] : [];
        for (const item of before) {
          stored.set(item.id, item.text);
          client.held.set(item.id, item.text);
        }
        let state = resumeTranscript(before);
        let at = 2;
        let utterance = 0;
        for (const item of steps) {
          if (item.cut) {
            const cut = cutTranscript(state);
            state = cut.next;
            client.apply(cut.update);
            expect(Object.fromEntries(client.held)).toEqual(Object.fromEntries(stored));
          }
          const piece = segment(`u${utterance}`, item.text, at + item.gap, at + item.gap + 1);
          if (!item.final) {
            const shown = showPartials(state, item.empty ? [] : [piece]);
            state = shown.next;
            client.apply(shown.update);
            continue;
          }
          const final = addFinals(state, [piece]);
          state = final.next;
          client.apply(final.update);
          for (const id of final.removedIds) stored.delete(id);
          for (const row of final.upserts) stored.set(row.id, row.text);
          utterance += 1;
          at += item.gap + 1;
          expect(Object.fromEntries(client.held)).toEqual(Object.fromEntries(stored));
        }
      }),
    );
  });
});
