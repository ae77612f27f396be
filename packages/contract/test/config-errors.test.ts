/** Settings, failures and problems on the wire. */
import {
  describeConfig,
  FAILURE_CLASSES,
  failureClassOf,
  HoldfastError,
  httpStatusOf,
  isHoldfastError,
  parseConfig,
  problemOf,
  speakerNumber,
} from "@holdfast/contract";
import { describe, expect, it } from "vitest";

describe("settings", () => {
  it("have defaults and treat empty as absent", () => {
    expect(parseConfig({ HOLDFAST_PORT: "" })).toMatchObject({ HOLDFAST_PORT: 8_787, HOLDFAST_STT: "embedded" });
  });
  it("name every wrong setting at once", () => {
    expect(() => parseConfig({ HOLDFAST_PORT: "many", HOLDFAST_MODEL: "huge" })).toThrow(
      /HOLDFAST_PORT.*HOLDFAST_MODEL/s,
    );
  });
  it("never show a secret", () => {
    const secrets = {
      DATABASE_URL: "postgres://u:hunter2@h/d",
      HOLDFAST_LLM_KEY: "hunter2",
      HOLDFAST_STT_KEY: "hunter2",
      HOLDFAST_INTERNAL_TOKEN: "hunter2",
    };
    const shown = JSON.stringify(describeConfig(parseConfig(secrets)));
    expect(shown).not.toContain("hunter2");
    expect(shown).toContain("(set)");
  });
});

describe("failures", () => {
  it("are retryable by class, never by words", () => {
    const retryable = FAILURE_CLASSES.filter((c) => new HoldfastError("timeout", { code: "x", class: c }).retryable);
    expect(retryable).toEqual(["throttle", "capacity", "transport"]);
  });
  it("are content where nobody classified them, so that they cannot retry for ever", () => {
    expect(failureClassOf(new Error("ECONNREFUSED"))).toBe("content");
    expect(isHoldfastError(new Error("x"))).toBe(false);
  });
  it("become problems that say whether they count", () => {
    const busy = new HoldfastError("later", { code: "backfill_capacity", class: "capacity", retryAfterMs: 5_000 });
    expect(problemOf(busy)).toMatchObject({ status: 503, retry_after_ms: 5_000, counts_as_attempt: false });
    expect(problemOf(new HoldfastError("bad", { code: "x", class: "content" })).counts_as_attempt).toBe(true);
    expect(httpStatusOf(new HoldfastError("gone", { code: "not_found", class: "permanent_input" }))).toBe(404);
  });
});

describe("speakerNumber", () => {
  it.each([
    ["SPEAKER_00", 0],
    ["SPEAKER_07", 7],
    ["SPEAKER", 0],
    ["_x", 0],
    [null, 0],
  ])("of %s is %s", (label, expected) => {
    expect(speakerNumber(label)).toBe(expected);
  });
});
