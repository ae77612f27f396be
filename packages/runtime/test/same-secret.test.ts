import { expect, it } from "vitest";
import { isSameSecret } from "../src/index.ts";

it.each([
  ["s3cret", "s3cret", true],
  ["s3cret", "s3creT", false],
  ["s3cre", "s3cret", false],
  ["", "s3cret", false],
  ["", "", true],
  ["naïve", "naïve", true],
])("%j beside %j: %s", (given, secret, same) => {
  expect(isSameSecret(given, secret)).toBe(same);
});
