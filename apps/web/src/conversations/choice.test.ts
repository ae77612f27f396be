/** What the address says of the list, and what is asked for it. */
import { describe, expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { choiceOf, readSearch, SHOWN, SHOWN_NAMES } from "./choice.ts";

describe("the address", () => {
  it.each([
    [{}, {}],
    [{ show: "starred" }, { show: "starred" }],
    [{ show: "all", q: "" }, {}],
    [{ show: "moon", q: " release " }, { q: "release" }],
    [
      { show: "failed", q: 123 },
      { show: "failed", q: "123" },
    ],
    [{ q: { a: 1 }, other: "x" }, {}],
  ])("%j says %j", (search, read) => expect(readSearch(search)).toEqual(read));
});

it("every choice has a name of its own and asks for something of its own", () => {
  expect(new Set(SHOWN.map((each) => english.say({ id: SHOWN_NAMES[each] }))).size).toBe(SHOWN.length);
  expect(new Set(SHOWN.map((each) => JSON.stringify(choiceOf(each)))).size).toBe(SHOWN.length);
});
