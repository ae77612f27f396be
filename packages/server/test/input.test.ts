/** Query strings, times and names as clients write them. */
import { describe, expect, it } from "vitest";
import { tokenOf } from "../src/auth/require-user.ts";
import { isListenPath } from "../src/http/upgrade.ts";
import { commaSeparated, flag, integer, parseTime, text } from "../src/rest/input.ts";
import { checkSoundName, parseStartedAt } from "../src/uploads/sound-names.ts";

const NOW = Date.UTC(2026, 5, 1, 12);

describe("times", () => {
  it.each([
    ["2026-06-01T12:00:00Z", NOW],
    ["2026-06-01T12:00:00.000Z", NOW],
    ["2026-06-01T14:00:00+02:00", NOW],
    ["2026-06-01T12:00:00", NOW],
    ["2026-06-01 12:00:00", NOW],
    ["2026-06-01", Date.UTC(2026, 5, 1)],
    ["2026-13-01", undefined],
    ["2026-06-01T99:00:00Z", undefined],
    ["yesterday", undefined],
    ["1756000000", undefined],
    ["", undefined],
  ])("reads %s", (value, ms) => {
    expect(parseTime(value)).toBe(ms);
  });
});

describe("query values", () => {
  it.each(["true", "True", "1", "yes", "on"])("takes %s for true", (value) => {
    expect(flag.parse(value)).toBe(true);
  });
  it.each(["false", "0", "no", "OFF"])("takes %s for false", (value) => {
    expect(flag.parse(value)).toBe(false);
  });
  it.each(["", "maybe", "2"])("takes %s for neither", (value) => {
    expect(flag.safeParse(value).success).toBe(false);
  });

  it("has defaults and bounds for numbers", () => {
    expect(integer(100, 1).parse(undefined)).toBe(100);
    expect(integer(100, 1).parse("7")).toBe(7);
    for (const value of ["0", "-1", "1.5", "x", "", "1e9", "99999999999"]) {
      expect(integer(100, 1).safeParse(value).success, value).toBe(false);
    }
  });

  it("splits lists and drops empty values", () => {
    expect(commaSeparated.parse("a, b,,c,")).toEqual(["a", "b", "c"]);
    expect(commaSeparated.parse(undefined)).toEqual([]);
    expect(commaSeparated.safeParse("a\0").success).toBe(false);
  });

  it("refuses text that PostgreSQL cannot hold", () => {
    expect(text(10).safeParse("a\0b").success).toBe(false);
    expect(text(3).safeParse("abcd").success).toBe(false);
    expect(text(3).parse("äö\n")).toBe("äö\n");
  });
});

describe("the token of a header", () => {
  it.each([
    ["Bearer hf_x", "hf_x"],
    ["anything hf_x", "hf_x"],
    ["hf_x", undefined],
    ["Bearer  hf_x", undefined],
    ["Bearer hf_x more", undefined],
    ["Bearer ", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %s is %s", (header, token) => {
    expect(tokenOf(header)).toBe(token);
  });
});

describe("live socket paths", () => {
  it.each(["/v4/listen", "/v4/listen?codec=opus", "/v4/web/listen?x=1"])("knows %s", (url) => {
    expect(isListenPath(url)).toBe(true);
  });
  it.each(["/v4/listen/", "/v4/listenx", "/", "/v1/conversations?x=/v4/listen", undefined])(
    "does not know %s",
    (url) => {
      expect(isListenPath(url)).toBe(false);
    },
  );
});

describe("sound files of a person", () => {
  it.each(["talk.wav", "Über uns (1).m4a", "録音.mp3"])("may be called %s", (name) => {
    expect(() => checkSoundName(name)).not.toThrow();
  });
  it.each(["", "a/b.wav", "a\\b.wav", "..", "a..b.wav", "a\0.wav", "a\n.wav", `${"x".repeat(252)}.wav`])(
    "may not be called %j",
    (name) => {
      expect(() => checkSoundName(name)).toThrow(expect.objectContaining({ code: "upload_invalid_name" }));
    },
  );

  it.each([
    [undefined, undefined],
    [" ", undefined],
    ["2026-06-01T11:00:00Z", NOW - 3_600_000],
    [String(NOW - 5), NOW - 5],
    [String(NOW + 60_000), NOW],
  ])("began at %s", (value, ms) => {
    expect(parseStartedAt(value, NOW)).toBe(ms);
  });
  it.each(["soon", "-1", "0", "2026-06-01T13:00:00Z", "99999999999999999"])("cannot have begun at %s", (value) => {
    expect(() => parseStartedAt(value, NOW)).toThrow(expect.objectContaining({ code: "invalid_started_at" }));
  });
});
