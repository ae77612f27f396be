/** What is said of the last message to a webhook, and of an address that is refused. */
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { lastWords, refusalWords } from "./webhook-words.ts";

const NOW = new Date("2026-11-24T12:00:00").getTime();
const at = new Date(NOW - 3_600_000).toISOString();

describe("the last message", () => {
  it.each([
    [null, "Nothing was sent to it yet."],
    [{ at, code: null, status: 204 }, "The last message arrived at 11:00 AM."],
    [{ at, code: "webhook_refused", status: 410 }, "The message at 11:00 AM did not arrive. The address answered 410."],
    [{ at, code: "webhook_timeout", status: null }, "The message at 11:00 AM did not arrive. Nothing answered there."],
    [
      { at, code: "webhook_address_refused", status: null },
      "The message at 11:00 AM did not arrive. The address is in a private network. HOLDFAST_WEBHOOK_ALLOW_PRIVATE can allow it.",
    ],
  ])("%j", (last, words) => expect(english.say(lastWords(last, NOW)).replaceAll("\u202f", " ")).toBe(words));
});

describe("an address that is refused", () => {
  it("is told why, by the code", () => {
    const said = (code: string) => {
      const words = refusalWords(code);
      return words === undefined ? undefined : english.say(words);
    };
    expect(said("webhook_address_private")).toBe(
      "The address is in a private network. HOLDFAST_WEBHOOK_ALLOW_PRIVATE can allow it.",
    );
    expect(said("webhook_seconds_invalid")).toBe("The number of seconds must be from 1 to 120.");
    expect(said("timeout")).toBeUndefined();
  });
});
