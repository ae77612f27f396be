/** How a transcript is shown to a model, whole or in parts, and when a failing model is left alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { baseUrl } from "../../src/summary/llm/client.ts";
import { afterFailure, isPaused, noPause } from "../../src/summary/llm/pause.ts";
import { ANSWER_SCHEMA, askForSummary } from "../../src/summary/llm/prompt.ts";
import { PART_LIMITS, renderParts } from "../../src/summary/llm/render.ts";
import { inputOf, said } from "../said.ts";

describe("renderParts", () => {
  it("shows time and speaker, one line a segment", () => {
    const [user, other] = said("Hello  there.", "Hi.");
    if (user === undefined || other === undefined) throw new Error("two segments");
    const segments = [
      { ...user, is_user: true },
      { ...other, start: 3_725.9 },
      { ...other, text: " " },
    ];
    expect(renderParts(segments)).toEqual(["[00:00:00] User: Hello there.\n[01:02:05] Speaker 1: Hi."]);
  });

  it("is empty for nothing", () => {
    expect(renderParts([])).toEqual([]);
  });

  it("leaves out the middle of what is too long, and says so", () => {
    const limits = { words: 10, characters: 10_000, parts: 4 };
    const parts = renderParts(
      said(...Array.from({ length: 20 }, (_, index) => `number ${index} of many little sentences here`)),
      limits,
    );
    expect(parts).toHaveLength(4);
    expect(parts[0]).toContain("number 0 ");
    expect(parts[2]).toContain("[16 parts of the transcript are left out here]");
    expect(parts[3]).toContain("number 19 ");
  });

  it("keeps every part within its limits and, if it may, every word", () => {
    const limits = { words: 20, characters: 200, parts: 10_000 };
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 600 }), { maxLength: 20 }), (texts) => {
        const parts = renderParts(said(...texts), limits);
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(limits.characters + 1);
        const shown = parts.join("\n").replace(/^\[[\d:]+\] Speaker \d+: /gmu, "");
        const squeeze = (text: string) => text.replace(/\s+/gu, "");
        expect(squeeze(shown)).toBe(squeeze(texts.join("")).toWellFormed());
      }),
    );
  });

  it("fits a request by default", () => {
    const parts = renderParts(said("word ".repeat(100_000)));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every((part) => part.length <= PART_LIMITS.characters + 1)).toBe(true);
  });
});

describe("the question", () => {
  const ask = (over: object) => askForSummary(inputOf(said("Hi."), over), "[00:00:00] Speaker 0: Hi.", 120);

  it("names day, time, language and the transcript", () => {
    const [system, user] = ask({ language: "de" });
    expect(system?.content).toContain("(de)");
    expect(user?.content).toContain("Wednesday, 2025-05-14T10:00:00.000Z (UTC)");
    expect(user?.content).toContain("Speaker 0: Hi.");
  });

  it("asks about discarding only where it may be answered, harder for short ones", () => {
    expect(ask({ mayDiscard: false })[0]?.content).toContain("discard: always false");
    expect(ask({ durationSeconds: 30 })[0]?.content).toContain("the bar for keeping it is higher");
    expect(ask({ durationSeconds: 300 })[0]?.content).not.toContain("the bar for keeping it is higher");
  });

  it("has a schema that strict servers take: closed objects with all fields required", () => {
    const visit = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      if (Reflect.get(node, "type") === "object") {
        expect(Reflect.get(node, "additionalProperties")).toBe(false);
        expect(Reflect.get(node, "required")).toEqual(Object.keys(Reflect.get(node, "properties") as object));
      }
      for (const child of Object.values(node)) visit(child);
    };
    visit(ANSWER_SCHEMA);
    expect(Reflect.get(ANSWER_SCHEMA, "required")).toContain("title");
  });
});

describe("pause", () => {
  it("tolerates one failure, then pauses for longer and longer, up to five minutes", () => {
    let state = noPause;
    const pauses: number[] = [];
    for (let failure = 0; failure < 9; failure += 1) {
      state = afterFailure({ ...state, untilMs: 0 }, 1_000);
      pauses.push((state.untilMs - 1_000) / 1_000);
    }
    expect(pauses).toEqual([0, 15, 30, 60, 120, 240, 300, 300, 300]);
    expect(isPaused(state, state.untilMs - 1)).toBe(true);
    expect(isPaused(state, state.untilMs)).toBe(false);
    expect(isPaused(noPause, 0)).toBe(false);
  });

  it("believes the server, within reason", () => {
    expect(afterFailure(noPause, 0, 20_000).untilMs).toBe(20_000);
    expect(afterFailure(noPause, 0, 86_400_000).untilMs).toBe(300_000);
  });
});

describe("baseUrl", () => {
  it.each([
    ["http://localhost:11434", "http://localhost:11434/v1"],
    ["http://localhost:11434/", "http://localhost:11434/v1"],
    ["https://api.example.org/v1/", "https://api.example.org/v1"],
    ["https://example.org/openai/v1", "https://example.org/openai/v1"],
  ])("%s", (given, expected) => {
    expect(baseUrl(given)).toBe(expected);
  });
});
