/** Words and names that come from the client: their times, and whose they are. */
import {
  assignSpeaker,
  isSampleOf,
  labelFor,
  labelled,
  noLabels,
  suggestedOrigin,
  suggestedStretches,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";

const raw = (text: string, start: number, end: number, over: object = {}) => ({
  text,
  start,
  end,
  is_user: false,
  person_id: null,
  ...over,
});

describe("suggested words", () => {
  it("become finals in order of time, with speaker, owner, person and provider", () => {
    const stretches = suggestedStretches(
      [
        raw(" two ", 3, 4.5, { speaker: "SPEAKER_07", person_id: "p1" }),
        raw("one", 1, 2, { is_user: true }),
        raw("  ", 2, 3),
      ],
      "whisper",
      10_000,
    );
    expect(stretches).toEqual([
      {
        text: "one",
        isFinal: true,
        startedAtMs: 11_000,
        endedAtMs: 12_000,
        messages: undefined,
        speaker: 0,
        isUser: true,
        personId: null,
        provider: "whisper",
      },
      {
        text: "two",
        isFinal: true,
        startedAtMs: 13_000,
        endedAtMs: 14_500,
        messages: undefined,
        speaker: 7,
        isUser: false,
        personId: "p1",
        provider: "whisper",
      },
    ]);
  });

  it("take the speaker's number before the label, and are custom by default", () => {
    const [stretch] = suggestedStretches([raw("x", 0, 1, { speaker: "SPEAKER_07", speaker_id: 3 })], null, 0);
    expect(stretch).toMatchObject({ speaker: 3, provider: "custom" });
    expect(suggestedStretches([raw("x", 0, 1, { speaker: "nobody" })], null, 0)[0]?.speaker).toBe(0);
  });

  it("begin with the first sound, or with the session where there is none", () => {
    expect(suggestedOrigin(5, 1)).toBe(5);
    expect(suggestedOrigin(undefined, 1)).toBe(1);
  });
});

describe("speaker labels", () => {
  const segment = {
    id: "s",
    text: "x",
    speaker: "SPEAKER_01",
    speaker_id: 1,
    is_user: false,
    person_id: null,
    start: 0,
    end: 1,
    translations: [],
    speech_profile_processed: true,
    stt_provider: "t",
  };

  it("hold until replaced or taken back, each speaker for itself", () => {
    const anna = assignSpeaker(noLabels, 1, "anna");
    const both = assignSpeaker(anna, 2, "user");
    expect(both.get(1)).toEqual({ personId: "anna", isUser: false });
    expect(both.get(2)).toEqual({ personId: null, isUser: true });
    expect(assignSpeaker(both, 1, "bob").get(1)?.personId).toBe("bob");
    expect(assignSpeaker(both, 1, null).has(1)).toBe(false);
    expect(anna.has(2)).toBe(false);
  });

  it("are written on a segment as a person's decision", () => {
    expect(labelled(segment, undefined)).toBe(segment);
    expect(labelled(segment, labelFor("anna"))).toEqual({
      ...segment,
      person_id: "anna",
      is_user: false,
      speaker_label_source: "manual",
    });
    expect(labelled({ ...segment, person_id: "x" }, labelFor("user"))).toMatchObject({
      person_id: null,
      is_user: true,
    });
  });

  it("give a sample only of a person who is not the owner", () => {
    expect(isSampleOf("anna")).toBe(true);
    expect(isSampleOf("user")).toBe(false);
    expect(isSampleOf(null)).toBe(false);
  });
});
