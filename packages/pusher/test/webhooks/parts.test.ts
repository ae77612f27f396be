/** Signatures, what answers mean, and when a receiver is left alone. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../src/webhooks/answer.ts";
import { createCircuits } from "../../src/webhooks/circuit.ts";
import { signatureOf } from "../../src/webhooks/sign.ts";

describe("a signature", () => {
  const body = Buffer.from('{"a":1}');

  it("is the HMAC of time and body that a receiver computes", () => {
    const mac = createHmac("sha256", "whsec_x").update('1700000000.{"a":1}').digest("hex");
    expect(signatureOf("whsec_x", 1_700_000_000_999, body)).toBe(`t=1700000000,v1=${mac}`);
  });

  it("differs with the secret, the second and every byte of the body", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(63), (given, second, at) => {
        const base = signatureOf("s", second * 1000, given);
        expect(signatureOf("s2", second * 1000, given)).not.toBe(base);
        expect(signatureOf("s", second * 1000 + 1000, given)).not.toBe(base);
        const index = at % given.length;
        const changed = given.map((byte, i) => (i === index ? byte ^ 1 : byte));
        expect(signatureOf("s", second * 1000, changed)).not.toBe(base);
      }),
    );
  });
});

describe("an answer", () => {
  it.each([
    [200, "delivered"],
    [204, "delivered"],
    [299, "delivered"],
    [301, "permanent_input"],
    [302, "permanent_input"],
    [400, "permanent_input"],
    [401, "permanent_input"],
    [404, "permanent_input"],
    [408, "transport"],
    [410, "permanent_input"],
    [429, "throttle"],
    [500, "transport"],
    [502, "transport"],
    [503, "capacity"],
    [504, "transport"],
    [0, "permanent_input"],
  ])("%i means %s", (status, meaning) => {
    const outcome = outcomeOf(status, undefined);
    expect(outcome.outcome === "delivered" ? "delivered" : outcome.class).toBe(meaning);
  });

  it.each([
    ["120", 120_000],
    ["0", 0],
    ["999999999", 3_600_000],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["-1", undefined],
    [undefined, undefined],
  ])("Retry-After %j waits %j ms", (header, expected) => {
    expect(outcomeOf(503, header)).toMatchObject({ retryAfterMs: expected });
  });
});

describe("a circuit", () => {
  const at = (start = 0) => {
    let nowMs = start;
    const circuits = createCircuits({ now: () => nowMs });
    const fail = (times: number) => {
      for (let i = 0; i < times; i++) circuits.failed("k");
    };
    return { circuits, fail, pass: (ms: number) => (nowMs += ms) };
  };

  it("opens after five failures in a row, for a minute", () => {
    const { circuits, fail, pass } = at();
    fail(4);
    expect(circuits.waitMs("k")).toBe(0);
    fail(1);
    expect(circuits.waitMs("k")).toBe(60_000);
    expect(circuits.waitMs("another")).toBe(0);
    pass(59_999);
    expect(circuits.waitMs("k")).toBe(1);
  });

  it("forgets failures at a success", () => {
    const { circuits, fail } = at();
    fail(4);
    circuits.succeeded("k");
    fail(4);
    expect(circuits.waitMs("k")).toBe(0);
  });

  it("lets one message try, and opens again where that fails", () => {
    const { circuits, fail, pass } = at();
    fail(5);
    pass(60_000);
    expect(circuits.waitMs("k")).toBe(0);
    expect(circuits.waitMs("k")).toBe(60_000);
    fail(1);
    expect(circuits.waitMs("k")).toBe(60_000);
    pass(60_000);
    expect(circuits.waitMs("k")).toBe(0);
    circuits.succeeded("k");
    expect(circuits.waitMs("k")).toBe(0);
    expect(circuits.waitMs("k")).toBe(0);
  });

  it("gives the try to another where it was given up by us", () => {
    const { circuits, fail, pass } = at();
    fail(5);
    pass(60_000);
    expect(circuits.waitMs("k")).toBe(0);
    circuits.released("k");
    expect(circuits.waitMs("k")).toBe(0);
  });

  it("keeps no more than it can", () => {
    const { circuits, fail } = at();
    fail(5);
    for (let i = 0; i < 10_000; i++) circuits.failed(`other ${i}`);
    expect(circuits.waitMs("k")).toBe(0);
  });
});
