/** Every fault of a recording has words, and the browser's names for faults lead to the right ones. */
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { CaptureError, type CaptureProblem, describeProblem, microphoneProblem } from "./problem.ts";

/** Whether the person can press record again and have it work; a missing case does not compile. */
const CAN_TRY_AGAIN: Readonly<Record<CaptureProblem, boolean>> = {
  insecure: false,
  unsupported: false,
  denied: true,
  no_microphone: true,
  microphone_busy: true,
  microphone_lost: true,
  no_shared_sound: true,
  encoder_failed: true,
  storage_full: true,
  storage_failed: false,
  other_tab: false,
  end_not_kept: false,
  stop_failed: false,
};
const problems = Object.keys(CAN_TRY_AGAIN) as CaptureProblem[];

describe("what is told", () => {
  it.each(problems)("about %s: what happened and what to do, in sentences", (problem) => {
    const texts = describeProblem(problem);
    const [title, advice] = [english.t(texts.title), english.t(texts.advice)];
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(advice).toMatch(/^[A-Z].*\.$/);
    expect(advice.includes("press record")).toBe(CAN_TRY_AGAIN[problem]);
  });

  it("is different for each", () => {
    expect(new Set(problems.map((problem) => english.t(describeProblem(problem).title))).size).toBe(problems.length);
  });

  it.each(["microphone_lost", "encoder_failed", "end_not_kept", "stop_failed"] as const)(
    "after %s says that nothing recorded is lost",
    (problem) => expect(english.t(describeProblem(problem).advice)).toMatch(/kept|is on the server/),
  );
});

describe("what getUserMedia throws", () => {
  it.each([
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotFoundError", "no_microphone"],
    ["OverconstrainedError", "no_microphone"],
    ["NotReadableError", "microphone_busy"],
    ["AbortError", "microphone_busy"],
    ["SomethingNewError", "unsupported"],
  ])("%s means %s", (name, problem) => expect(microphoneProblem(new DOMException("words", name))).toBe(problem));

  it("the text of an error decides nothing", () => {
    expect(microphoneProblem(new Error("NotAllowedError: Permission denied"))).toBe("unsupported");
    expect(microphoneProblem("NotAllowedError")).toBe("unsupported");
  });
});

it("a capture error carries its problem and its cause", () => {
  const cause = new DOMException("", "NotAllowedError");
  expect(new CaptureError("denied", cause)).toMatchObject({ problem: "denied", name: "CaptureError", cause });
});
