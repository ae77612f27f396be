/** Sessions must leave an engine that fails, not wander for ever, and say so when there is no hope. */
import { type Circuits, EngineChoice, STT_FAILOVER } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const T0 = 1_000_000;
const choice = (engines: readonly [string, ...string[]], circuits: Circuits = new Map(), nowMs = T0) =>
  new EngineChoice(engines, circuits, nowMs);

describe("the choice of an engine", () => {
  it("begins with the preferred one, unless another session saw it fail a moment ago", () => {
    expect(choice(["a", "b"]).serving).toBe("a");
    const circuits: Circuits = new Map();
    choice(["a", "b"], circuits).failed("a", "transport", T0);
    expect(choice(["a", "b"], circuits, T0 + 1).serving).toBe("b");
    expect(choice(["a", "b"], circuits, T0 + STT_FAILOVER.passOverMs).serving).toBe("a");
  });

  it("stays with the only one, and tries it although its circuit is open", () => {
    const one = choice(["a"]);
    expect(one.failed("a", "transport", T0)).toBeUndefined();
    expect(one.serving).toBe("a");
  });

  it("goes to the next when one dies, at most twice", () => {
    const many = choice(["a", "b", "c", "d"]);
    for (const engine of ["a", "b", "c"]) expect(many.failed(engine, "transport", T0)).toBeUndefined();
    expect(many.serving).toBe("c");
    expect(many.preferred).toBe("a");
  });

  it("counts one death once, however many channels report it", () => {
    const call = choice(["a", "b", "c"]);
    call.failed("a", "transport", T0);
    call.failed("a", "transport", T0);
    expect(call.serving).toBe("b");
  });

  it("rules out an engine that refuses, for good, and gives up when none is left", () => {
    const two = choice(["a", "b"]);
    expect(two.failed("a", "auth", T0)).toBeUndefined();
    expect(two.serving).toBe("b");
    expect(two.failed("b", "content", T0)).toBe("config_error");
  });

  it("leaves the circuit of an engine alone that only refused this session's sound", () => {
    const circuits: Circuits = new Map();
    choice(["a", "b"], circuits).failed("a", "content", T0);
    expect(choice(["a", "b"], circuits).serving).toBe("a");
  });

  it("gives up after a minute without any stream, and forgets the wait when one opens", () => {
    const one = choice(["a"]);
    expect(one.failed("a", "transport", T0)).toBeUndefined();
    expect(one.failed("a", "capacity", T0 + STT_FAILOVER.giveUpMs - 1)).toBeUndefined();
    one.opened("a");
    expect(one.failed("a", undefined, T0 + STT_FAILOVER.giveUpMs)).toBeUndefined();
    expect(one.failed("a", undefined, T0 + 2 * STT_FAILOVER.giveUpMs)).toBe("upstream_error");
  });

  it("never serves an engine that was ruled out while another is left, in any order of events", () => {
    const event = fc.record({
      engine: fc.constantFrom("a", "b", "c"),
      kind: fc.constantFrom("opened", "transport", "throttle", "auth", "content" as const),
      afterMs: fc.nat(40_000),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const some = choice(["a", "b", "c"]);
        const ruledOut = new Set<string>();
        let nowMs = T0;
        for (const { engine, kind, afterMs } of events) {
          nowMs += afterMs;
          // Only the serving engine has streams.
          const subject = kind === "opened" || engine === "c" ? some.serving : engine;
          if (kind === "opened") some.opened(subject);
          else {
            if (kind === "auth" || kind === "content") ruledOut.add(subject);
            const why = some.failed(subject, kind, nowMs);
            if (ruledOut.size === 3) {
              expect(why).toBe("config_error");
              return;
            }
          }
          expect(ruledOut.has(some.serving) && subject === some.serving && kind !== "opened").toBe(false);
        }
      }),
    );
  });
});
