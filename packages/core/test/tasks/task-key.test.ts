import { taskKey } from "@holdfast/core";
import { expect, it } from "vitest";

it.each([
  ["Call Anna.", "call anna"],
  ["  CALL   Anna!", "call anna"],
  ["Don't forget: the “milk”", "dont forget the milk"],
  ["Don’t forget the milk", "dont forget the milk"],
  ["Купить молоко", "купить молоко"],
  ["Pay 20 €", "pay 20"],
  ["…", ""],
])("%j is compared as %j", (description, key) => expect(taskKey(description)).toBe(key));

it("keeps different tasks apart", () => {
  expect(taskKey("Call Anna")).not.toBe(taskKey("Call Ann"));
  expect(taskKey("Pay 20")).not.toBe(taskKey("Pay 200"));
});
