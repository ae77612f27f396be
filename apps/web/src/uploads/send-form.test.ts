import { expect, it } from "vitest";
import { headersOf } from "./send-form.ts";

it("every header of an answer arrives, above all the reason of a pause", () => {
  const headers = headersOf(
    "content-type: application/json\r\nretry-after: 30\r\nx-omi-rate-limit-reason: fair_use\r\n",
  );
  expect([...headers]).toEqual([
    ["content-type", "application/json"],
    ["retry-after", "30"],
    ["x-omi-rate-limit-reason", "fair_use"],
  ]);
  expect([...headersOf("")]).toEqual([]);
});
