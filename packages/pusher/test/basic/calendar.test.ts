/** Only appointments that were said in full become events. */
import { describe, expect, it } from "vitest";
import { eventsOf } from "../../src/summary/basic/calendar.ts";
import { sentencesOf } from "../../src/summary/basic/sentences.ts";
import { said, WEDNESDAY } from "../said.ts";

const events = (...texts: string[]) =>
  eventsOf(sentencesOf(said(...texts)), WEDNESDAY).map(
    (event) => `${event.title} @${new Date(event.startMs).toISOString().slice(0, 16)} ${event.durationMinutes}`,
  );

describe("eventsOf", () => {
  it.each<[string, string]>([
    ["I have a dentist appointment on Tuesday at 3 pm.", "Dentist appointment @2025-05-20T15:00 30"],
    ["We have a team meeting tomorrow at 9:30 am for an hour.", "Team meeting @2025-05-15T09:30 60"],
    ["Lunch with Maria on Friday at noon.", "Lunch with Maria @2025-05-16T12:00 30"],
    ["There is a call tomorrow at 17:00 for two hours and a half.", "Call @2025-05-15T17:00 150"],
    ["The workshop is on June 3rd at 10 am for 4000 minutes.", "Workshop @2025-06-03T10:00 30"],
    ["The workshop is on June 3rd at 10 am for 400 minutes.", "Workshop @2025-06-03T10:00 180"],
  ])("%s", (text, expected) => {
    expect(events(text)).toEqual([expected]);
  });

  it.each([
    "We had a meeting on Tuesday at 3 pm.",
    "The meeting is on Tuesday.",
    "The meeting is at 3 pm.",
    "Could you please call the bank tomorrow at 5 pm?",
    "The meeting on Tuesday at 3 pm is cancelled.",
    "Tuesday at 3 pm.",
    "Nothing.",
  ])("no event: %s", (text) => {
    expect(events(text)).toEqual([]);
  });

  it("takes a repeated appointment once, and at most five", () => {
    expect(events("Lunch on Friday at noon.", "Yes, lunch on Friday at noon!")).toHaveLength(1);
    expect(events(...Array.from({ length: 9 }, (_, index) => `Lunch on May ${20 + index} at 1 pm.`))).toHaveLength(5);
  });
});
