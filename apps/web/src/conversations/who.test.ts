/** Who a transcript says is speaking, and what an answer to the question means. */
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { chosen, firstChoice, isNewSpeaker, ME, NEW, speakerName, UNKNOWN } from "./who.ts";

const ANNA = { id: "a1", name: "Anna" };
const PEOPLE = [ANNA, { id: "b2", name: "Bo" }];
const NOBODY = { speaker_id: 1, is_user: false, person_id: null };

describe("a speaker", () => {
  it.each([
    [NOBODY, "Speaker 2"],
    [{ ...NOBODY, person_id: "b2" }, "Bo"],
    [{ ...NOBODY, person_id: "forgotten" }, "Speaker 2"],
    [{ ...NOBODY, is_user: true }, "You"],
  ])("%# has a name, or else a number", (segment, name) => {
    expect(english.say(speakerName(segment, PEOPLE))).toBe(name);
  });

  it("is another one where the voice, or what is known of it, is", () => {
    expect(isNewSpeaker(NOBODY, undefined)).toBe(true);
    expect(isNewSpeaker(NOBODY, { ...NOBODY })).toBe(false);
    for (const other of [{ speaker_id: 0 }, { is_user: true }, { person_id: "a1" }]) {
      expect(isNewSpeaker({ ...NOBODY, ...other }, NOBODY)).toBe(true);
    }
  });
});

describe("the question who it is", () => {
  it.each([
    [{ ...NOBODY, person_id: "b2" }, PEOPLE, "b2"],
    [{ ...NOBODY, person_id: "forgotten" }, PEOPLE, "a1"],
    [{ ...NOBODY, is_user: true }, PEOPLE, ME],
    [NOBODY, PEOPLE, "a1"],
    [NOBODY, [], NEW],
  ])("%# begins with what is known, else with the likeliest", (segment, people, choice) => {
    expect(firstChoice(segment, people)).toBe(choice);
  });

  it("is answered by a choice, and by a name where one is needed", () => {
    expect(chosen(ME, "")).toBe("mine");
    expect(chosen(UNKNOWN, "")).toBe("unknown");
    expect(chosen("a1", "")).toEqual({ personId: "a1" });
    expect(chosen(NEW, " Cy ")).toEqual({ name: "Cy" });
    expect(chosen(NEW, "  ")).toBeUndefined();
  });
});
