import { describe, expect, test } from "vitest";
import { createLog } from "../src/index.ts";

const CANARY = "canary-7f3a@example.test";

function captured(): { lines: string[]; write(line: string): void } {
  const lines: string[] = [];
  return { lines, write: (line) => lines.push(line) };
}

describe("private fields never reach the log", () => {
  const hidden: [string, object][] = [
    ["the key itself", { pii: CANARY }],
    ["an object under the key", { pii: { email: CANARY, deep: [CANARY] } }],
    ["a prefix", { pii_email: CANARY }],
    ["a suffix", { user_pii: CANARY }],
    ["camel case", { emailPii: CANARY, piiName: CANARY }],
    ["a dotted path", { "user.pii.name": CANARY }],
    ["upper case", { PII: CANARY, USER_PII: CANARY }],
    ["depth two", { user: { pii: CANARY } }],
    ["depth three", { a: { b: { pii_x: CANARY } } }],
    ["depth four", { a: { b: { c: { pii: CANARY } } } }],
    ["deeper than is looked at", { a: { b: { c: { d: { pii: CANARY } } } } }],
    ["inside a list", { users: [{ pii: CANARY }] }],
    ["on an error", { err: Object.assign(new Error("no"), { pii: CANARY }) }],
    ["on the cause of an error", { err: new Error("no", { cause: Object.assign(new Error("why"), { pii: CANARY }) }) }],
    ["raw bytes", { body: Buffer.from(CANARY) }],
  ];
  test.each(hidden)("%s", (_name, fields) => {
    const out = captured();
    const log = createLog("test", "debug", out);
    log.info({ ...fields, kept: "yes" }, "message");
    log.child(fields).error({}, "from a child");
    log.child({}).child(fields).warn(fields, "from a grandchild");
    expect(out.lines).toHaveLength(3);
    expect(out.lines.join("")).not.toContain(CANARY);
    expect(out.lines.join("")).not.toContain(Buffer.from(CANARY).join(","));
    expect(out.lines[0]).toContain('"kept":"yes"');
  });

  test("a word that only contains the letters is kept", () => {
    const out = captured();
    createLog("test", "info", out).info({ piink: 1, happii: 2 }, "message");
    expect(JSON.parse(out.lines[0] ?? "")).toMatchObject({ piink: 1, happii: 2 });
  });
});

describe("the shape of a line", () => {
  test("is one JSON object with name, level as a word, ISO time, process and message", () => {
    const out = captured();
    createLog("gateway", "info", out).child({ session: "s1" }).warn({ port: 1 }, "hello");
    expect(JSON.parse(out.lines[0] ?? "")).toEqual({
      level: "warn",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: process.pid,
      name: "gateway",
      session: "s1",
      port: 1,
      msg: "hello",
    });
  });

  test("errors keep name, message, code and causes", () => {
    const out = captured();
    const err = Object.assign(new TypeError("outer", { cause: new Error("inner") }), { code: "E_X" });
    createLog("x", "info", out).error({ err }, "failed");
    expect(JSON.parse(out.lines[0] ?? "")).toMatchObject({
      err: { type: "TypeError", message: "outer", code: "E_X", cause: { message: "inner" } },
    });
  });

  test("lines below the level are not written", () => {
    const out = captured();
    const log = createLog("x", "warn", out);
    log.info({}, "quiet");
    log.warn({}, "loud");
    expect(out.lines).toHaveLength(1);
  });

  test("a cycle is cut, not followed for ever", () => {
    const out = captured();
    const loop: { self?: object } = {};
    loop.self = loop;
    createLog("x", "info", out).info({ loop }, "round");
    expect(out.lines[0]).toContain("[nested]");
  });
});
