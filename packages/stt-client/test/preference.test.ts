/** Which engine is asked first, where its owner said so, and in which language where only the account says what is spoken. */
import { parseConfig } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { engineKey, parseEngines, preferring, spokenLanguage } from "../src/index.ts";

const LISTED = "deepgram+wss://a.example/secret,openai+https://b.example,embedded";
const engines = parseEngines(parseConfig({ HOLDFAST_STT: LISTED }));
const [deepgram, openai, embedded] = engines;
if (deepgram === undefined || openai === undefined || embedded === undefined) throw new Error("three were listed");

describe("the preferred engine", () => {
  it("comes first, and the others stay in their order", () => {
    expect(preferring(engines, engineKey(openai))).toEqual([openai, deepgram, embedded]);
    expect(preferring(engines, "embedded")).toEqual([embedded, deepgram, openai]);
  });

  it("changes nothing where there is none, or no longer", () => {
    expect(preferring(engines, null)).toEqual(engines);
    expect(preferring(engines, "0123456789abcdef")).toEqual(engines);
  });

  it("is named by a key that says nothing of its address", () => {
    expect(engines.map(engineKey)).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
      "embedded",
    ]);
  });
});

describe("the language of an account", () => {
  it.each([
    ["live", [embedded], "de", undefined],
    ["live", [embedded], "en-GB", "en-GB"],
    ["live", [embedded], "multi", "multi"],
    ["live", [deepgram, embedded], "de", "de"],
    ["batch", [deepgram, embedded], "de", undefined],
    ["batch", [openai], "de", "de"],
    ["live", [openai], null, undefined],
  ] as const)("for %s with %o: %s is %s", (route, some, language, expected) => {
    expect(spokenLanguage(some, route, language)).toBe(expected);
  });
});
