/** Which signal asks, which insists, and which is only an echo. */
import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { type EndingSignalsOptions, followEndingSignals } from "../src/supervisor/ending-signals.ts";

function setUp(hasTerminal = true): { send(...names: string[]): void; later(): void; heard: string[] } {
  const source = new EventEmitter();
  const heard: string[] = [];
  let later = (): void => {};
  const clock: EndingSignalsOptions["clock"] = {
    now: () => 0,
    after: (_ms, call) => {
      later = call;
      return { cancel: () => {} };
    },
    every: () => ({ cancel: () => {} }),
  };
  followEndingSignals({
    source,
    hasTerminal,
    clock,
    asked: (name) => heard.push(`asked by ${name}`),
    insisted: () => heard.push("insisted"),
  });
  return {
    send: (...names) => {
      for (const name of names) source.emit(name);
    },
    later: () => later(),
    heard,
  };
}

describe("signals that end", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"])("the first %s asks, a later one insists", (name) => {
    const { send, later, heard } = setUp();
    send(name);
    later();
    send("SIGINT");
    expect(heard).toEqual([`asked by ${name}`, "insisted"]);
  });

  test("the copies that npm and a closing terminal send along insist on nothing", () => {
    const { send, heard } = setUp();
    send("SIGINT", "SIGINT", "SIGHUP", "SIGTERM");
    expect(heard).toEqual(["asked by SIGINT"]);
  });

  test("without a terminal a hang-up is for somebody else, at any time", () => {
    const { send, later, heard } = setUp(false);
    send("SIGHUP");
    expect(heard).toEqual([]);
    send("SIGTERM");
    later();
    send("SIGHUP");
    expect(heard).toEqual(["asked by SIGTERM"]);
  });
});
