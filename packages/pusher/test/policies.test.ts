/** Admission of links, the discard question, enrichment times, storable text, and what the log may say. */
import { Structured } from "@holdfast/contract";
import type { Log } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logEvents } from "../src/events.ts";
import { mayDiscard } from "../src/finalise/discard.ts";
import { ENRICH, enrichDelayMs, isEnrichment, shouldGiveUp } from "../src/finalise/enrich.ts";
import { admit, mayBeOpen } from "../src/link/admission.ts";
import { storable, storableText } from "../src/summary/storable.ts";
import { countWords } from "../src/summary/transcript.ts";
import { said } from "./said.ts";

const URL_OK = "/v1/trigger/listen?uid=u1&sample_rate=16000";

describe("admission of a link", () => {
  it.each<[string, string | undefined, string | undefined, string | undefined, object]>([
    ["right token", URL_OK, "Bearer secret", "secret", { admitted: true, userId: "u1", sampleRate: 16_000 }],
    ["as Deepgram writes it", URL_OK, "Token secret", "secret", { admitted: true }],
    ["rate by default", "/v1/trigger/listen?uid=u1", undefined, undefined, { admitted: true, sampleRate: 8_000 }],
    ["no token", URL_OK, undefined, "secret", { admitted: false, status: 401 }],
    ["wrong token", URL_OK, "Bearer wrong", "secret", { admitted: false, status: 401 }],
    ["empty token", URL_OK, "Bearer ", "secret", { admitted: false, status: 401 }],
    ["other scheme", URL_OK, "Basic secret", "secret", { admitted: false, status: 401 }],
    ["wrong token hides the path", "/nowhere", "Bearer wrong", "secret", { admitted: false, status: 401 }],
    ["other path", "/v1/trigger", "Bearer secret", "secret", { admitted: false, status: 404 }],
    ["no url", undefined, undefined, undefined, { admitted: false, status: 404 }],
    ["not a url", "http://[", undefined, undefined, { admitted: false, status: 404 }],
    ["no user", "/v1/trigger/listen", undefined, undefined, { admitted: false, status: 400 }],
    ["empty user", "/v1/trigger/listen?uid=", undefined, undefined, { admitted: false, status: 400 }],
    ["NUL in user", "/v1/trigger/listen?uid=a%00b", undefined, undefined, { admitted: false, status: 400 }],
    [
      "endless user",
      `/v1/trigger/listen?uid=${"u".repeat(300)}`,
      undefined,
      undefined,
      { admitted: false, status: 400 },
    ],
    ["odd rate", "/v1/trigger/listen?uid=u1&sample_rate=fast", undefined, undefined, { admitted: false, status: 400 }],
    [
      "negative rate",
      "/v1/trigger/listen?uid=u1&sample_rate=-8000",
      undefined,
      undefined,
      { admitted: false, status: 400 },
    ],
  ])("%s", (_, url, authorization, token, expected) => {
    expect(admit(url, authorization, token)).toMatchObject(expected);
  });

  it("may be open on loopback only", () => {
    expect(["127.0.0.1", "127.8.8.8", "localhost", "::1"].map(mayBeOpen)).toEqual([true, true, true, true]);
    expect(["0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example.org"].map(mayBeOpen)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("the discard question", () => {
  it("is not asked of what is forced or longer than 100 words", () => {
    const words = (count: number) => said(Array.from({ length: count }, () => "word").join(" "));
    expect(mayDiscard(words(100), false)).toBe(true);
    expect(mayDiscard(words(101), false)).toBe(false);
    expect(mayDiscard(words(1), true)).toBe(false);
    expect(mayDiscard([], false)).toBe(true);
  });

  it("counts words of scripts without spaces", () => {
    expect(countWords(said("今天天气很好。"), 100)).toBeGreaterThan(2);
    expect(mayDiscard(said("今天天气很好我们出去玩吧。".repeat(30)), false)).toBe(false);
  });
});

describe("enrichment", () => {
  it("is tried at doubled distances up to an hour, and not for ever", () => {
    const minutes = Array.from({ length: 9 }, (_, failures) => enrichDelayMs(failures) / 60_000);
    expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(enrichDelayMs(0, 90_000)).toBe(90_000);
    expect([ENRICH.maxTries - 1, ENRICH.maxTries].map(shouldGiveUp)).toEqual([false, true]);
    expect([isEnrichment({ trigger: "enrich" }), isEnrichment({ trigger: "stop" }), isEnrichment({})]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("storable text", () => {
  it("drops what PostgreSQL refuses and keeps the rest", () => {
    expect(storableText("a\u0000b\ud800c\nd\te 👍🏽")).toBe("ab\ufffdc\nd\te 👍🏽");
    const structured = Structured.parse({
      title: "\u0000t",
      action_items: [{ description: "\u0000d", due_at: null }],
      events: [{ title: "\u0000e", description: "\u0000f", start: "2025-05-20T10:00:00Z" }],
    });
    const clean = storable({ structured, memories: [{ content: "\u0000m", category: "system" }], discard: false });
    expect(JSON.stringify(clean)).not.toContain("\\u0000");
    expect(clean.structured).toMatchObject({
      title: "t",
      action_items: [{ description: "d" }],
      events: [{ title: "e" }],
    });
  });

  it("holds for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const clean = storableText(text);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean.includes("\u0000")).toBe(false);
        expect(storableText(clean)).toBe(clean);
      }),
    );
  });
});

describe("logging events", () => {
  it("warns of what needs a look, and puts users under pii", () => {
    const lines: [string, object, string][] = [];
    const log: Log = {
      debug: (fields, text) => lines.push(["debug", fields, text]),
      info: (fields, text) => lines.push(["info", fields, text]),
      warn: (fields, text) => lines.push(["warn", fields, text]),
      error: (fields, text) => lines.push(["error", fields, text]),
      child: () => log,
    };
    const onEvent = logEvents(log);
    onEvent({ type: "link_opened", link: 1, pii: { userId: "u1" } });
    onEvent({ type: "link_refused", status: 401, reason: "wrong or missing token" });
    expect(lines).toEqual([
      ["info", { event: "link_opened", link: 1, pii: { userId: "u1" } }, "link opened"],
      ["warn", { event: "link_refused", status: 401, reason: "wrong or missing token" }, "link refused"],
    ]);
  });
});
