import type { Segment } from "@holdfast/contract";
import { HoldfastError } from "@holdfast/contract";
import { describe, expect, test } from "vitest";
import { EXIT, EXIT_HELP, ExitError } from "../src/exit-codes.ts";
import { clientExitOf, explainFailure } from "../src/output/client-exit.ts";
import { LiveWords } from "../src/output/live-words.ts";
import { Screen } from "../src/output/screen.ts";

function terminal(options: { isTTY: boolean; json?: boolean; columns?: number }): {
  screen: Screen;
  out: () => string;
  err: () => string;
} {
  const written = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    isTTY: options.isTTY,
    columns: options.columns ?? 20,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const screen = new Screen({ json: options.json === true, stdout: stream("out"), stderr: stream("err") });
  return { screen, out: () => written.out, err: () => written.err };
}

const segment = (id: string, text: string): Segment => ({
  id,
  text,
  start: 0,
  end: 1,
  speaker: null,
  speaker_id: 0,
  is_user: false,
  person_id: null,
  translations: [],
  speech_profile_processed: true,
  stt_provider: null,
});

describe("the screen", () => {
  test("a line pushes the line at the bottom down", () => {
    const { screen, out } = terminal({ isTTY: true });
    screen.live("half a");
    screen.line("news");
    const erase = "\r\u001b[2K";
    expect(out()).toBe(`${erase}half a${erase}news\n${erase}half a`);
  });

  test("the line at the bottom shows its end where it is too long", () => {
    const { screen, out } = terminal({ isTTY: true, columns: 10 });
    screen.live("0123456789abc");
    expect(out()).toBe("\r\u001b[2K…56789abc");
  });

  test("a pipe gets no line at the bottom and no escape codes", () => {
    const { screen, out } = terminal({ isTTY: false });
    screen.live("half");
    screen.line("whole");
    screen.live("");
    expect(out()).toBe("whole\n");
  });

  test("with JSON the text moves to standard error; without, there is no JSON", () => {
    const json = terminal({ isTTY: false, json: true });
    json.screen.line("text");
    json.screen.json({ a: 1 });
    expect([json.out(), json.err()]).toEqual(['{"a":1}\n', "text\n"]);
    const plain = terminal({ isTTY: false });
    plain.screen.json({ a: 1 });
    expect([plain.out(), plain.err()]).toEqual(["", ""]);
  });
});

describe("live words", () => {
  test("each segment is printed once, when it has come to its end", () => {
    const { screen, out } = terminal({ isTTY: false });
    const words = new LiveWords(screen, "> ");
    words.show([segment("a", "Ask")]);
    words.show([segment("a", "Ask not")]);
    words.show([segment("a", "Ask not"), segment("b", "what")]);
    words.show([segment("a", "Ask not"), segment("b", "what your")]);
    words.finish([segment("a", "Ask not"), segment("b", "what your country")]);
    expect(out()).toBe("> Ask not\n> what your country\n");
  });
});

describe("live words without a terminal", () => {
  test("a segment that grows is shown now and then", () => {
    const { screen, out } = terminal({ isTTY: false });
    const words = new LiveWords(screen, "");
    words.show([segment("a", "Ask")]);
    words.show([segment("a", "Ask not what your country can")]);
    words.show([segment("a", "Ask not what your country can do")]);
    words.finish([segment("a", "Ask not what your country can do for you")]);
    expect(out()).toBe("Ask not what your country can …\nAsk not what your country can do for you\n");
  });
});

describe("exit codes", () => {
  test("no two ends share a code, and the help names each of them", () => {
    const codes = Object.values(EXIT);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(EXIT_HELP).toMatch(new RegExp(`(^|  )${code} [a-z]`, "m"));
  });

  const failure = (kind: HoldfastError["class"], code = "x"): HoldfastError =>
    new HoldfastError("why", { code, class: kind });

  test.each([
    [failure("transport"), 3],
    [failure("auth"), 4],
    [failure("permanent_input"), 5],
    [failure("content"), 6],
    [failure("capacity"), 7],
    [failure("throttle"), 7],
    [failure("capacity", "gave_up_waiting"), 7],
    [failure("permanent_input", "no_recorder"), 2],
    [failure("capacity", "storage_full"), 1],
    [new ExitError("wrong", 2), 2],
    [new Error("a bug"), 1],
  ])("%s → %i", (error, exit) => {
    expect(clientExitOf(error)).toBe(exit);
  });

  test("a failure says what to do where that is known", () => {
    expect(explainFailure(failure("transport"), "http://s")).toContain("npm start");
    expect(explainFailure(failure("auth"), "http://s")).toContain("owner.token");
    expect(explainFailure(failure("permanent_input"), "http://s")).toBe("why");
  });
});
