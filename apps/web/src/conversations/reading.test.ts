/** The page asks often while the server is at work, rarely otherwise, and never for what is gone. */
import { HoldfastError } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import {
  IDLE_POLL_MS,
  isGone,
  listPollMs,
  nextOffset,
  onePollMs,
  PAGE,
  UNFINISHED_POLL_MS,
  withoutRepeats,
} from "./reading.ts";

const shown = (status: "in_progress" | "processing" | "merging" | "completed" | "failed", discarded = false) => ({
  status,
  state_reason: null,
  discarded,
});
const failure = (code: string): HoldfastError => new HoldfastError("no", { code, class: "permanent_input" });

describe("asking again", () => {
  it.each([
    [[], IDLE_POLL_MS],
    [[shown("completed"), shown("failed"), shown("completed", true)], IDLE_POLL_MS],
    [[shown("completed"), shown("processing")], UNFINISHED_POLL_MS],
    [[shown("in_progress")], UNFINISHED_POLL_MS],
    [[shown("merging")], UNFINISHED_POLL_MS],
    [undefined, IDLE_POLL_MS],
  ])("for the list %j after %i ms", (conversations, ms) => expect(listPollMs(conversations)).toBe(ms));

  it.each([
    ["that is not there yet", undefined, null, UNFINISHED_POLL_MS],
    ["that is being written up", shown("processing"), null, UNFINISHED_POLL_MS],
    ["that is finished", shown("completed"), null, IDLE_POLL_MS],
    ["that is gone", shown("completed"), failure("conversation_not_found"), false],
    ["that never was", undefined, failure("not_found"), false],
    ["behind a server that is away", undefined, failure("unreachable"), UNFINISHED_POLL_MS],
  ])("for one %s", (_which, conversation, error, ms) => expect(onePollMs(conversation, error)).toBe(ms));

  it("only the server's own word means gone", () => {
    expect([failure("not_found"), failure("forbidden"), new Error("not_found"), null].map(isGone)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("pages", () => {
  const page = (length: number): number[] => Array.from({ length }, (_, i) => i);

  it.each([
    [[PAGE], PAGE],
    [[PAGE, PAGE], 2 * PAGE],
    [[PAGE, PAGE - 1], undefined],
    [[PAGE, 0], undefined],
    [[], undefined],
  ])("of %j are followed by one at %s", (lengths, offset) => expect(nextOffset(lengths.map(page))).toBe(offset));

  it("that overlap show each conversation once, in its first place, as it was read last", () => {
    const a = { id: "a", read: 1 };
    const b = { id: "b", read: 1 };
    const again = { id: "b", read: 2 };
    expect(
      withoutRepeats([
        [a, b],
        [again, { id: "c", read: 2 }],
      ]),
    ).toEqual([a, again, { id: "c", read: 2 }]);
  });
});
