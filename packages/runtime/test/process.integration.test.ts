/** `runProcess` in real processes: ready, the three ways to end, and the ways to fail. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { HELD } from "../src/index.ts";

const SAMPLE = fileURLToPath(new URL("./roles/sample.ts", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Run {
  readonly child: ChildProcess;
  output(): string;
  saw(text: string): Promise<void>;
  ended(): Promise<{ code: number | null; output: string }>;
}

function watch(child: ChildProcess): Run {
  children.push(child);
  let output = "";
  child.stdout?.on("data", (data) => (output += String(data)));
  child.stderr?.on("data", (data) => (output += String(data)));
  // Not `close` of the child: it is not emitted after a disconnect that the parent asked for.
  const exit = Promise.all([once(child, "exit"), ...[child.stdout, child.stderr].map((s) => s && once(s, "close"))]);
  return {
    child,
    output: () => output,
    async saw(text) {
      await expect.poll(() => output, { timeout: 10_000 }).toContain(text);
    },
    async ended() {
      await exit;
      return { code: child.exitCode, output };
    },
  };
}

const env = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ ...process.env, HOLDFAST_PORT: "1234", ...extra });
const underParent = (mode: string, extra?: NodeJS.ProcessEnv): Run =>
  watch(fork(SAMPLE, [mode], { env: env(extra), stdio: ["ignore", "pipe", "pipe", "ipc"] }));
const held = (): Run => watch(fork(SAMPLE, ["begins", HELD], { env: env(), stdio: ["ignore", "pipe", "pipe", "ipc"] }));
const alone = (mode: string): Run => watch(spawn(process.execPath, [SAMPLE, mode], { env: env() }));

describe("a role process", () => {
  test("tells its parent when it is ready, with its port", async () => {
    const run = underParent("plain");
    expect((await once(run.child, "message"))[0]).toEqual({ type: "ready", port: 1234 });
  });

  test("drains, closes and ends with 0 on SIGTERM", async () => {
    const run = underParent("plain");
    await once(run.child, "message");
    run.child.kill("SIGTERM");
    const { code, output } = await run.ended();
    expect(code).toBe(0);
    expect(output.indexOf("drained")).toBeGreaterThan(0);
    expect(output.indexOf("closed")).toBeGreaterThan(output.indexOf("drained"));
  });

  test("drains and ends when its parent goes away", async () => {
    const run = underParent("plain");
    await once(run.child, "message");
    run.child.disconnect();
    const { code, output } = await run.ended();
    expect(code).toBe(0);
    expect(output).toContain("parent is gone");
    expect(output).toContain("drained");
  });

  test("that is held is loaded, and begins when it is told", async () => {
    const run = held();
    await run.saw("loaded");
    expect(run.output()).not.toContain("begins");
    run.child.send({ type: "begin" });
    expect((await once(run.child, "message"))[0]).toEqual({ type: "ready", port: 1234 });
    expect(run.output()).toContain("begins");
  });

  test("that is held hears a word that came before it was loaded", async () => {
    const run = held();
    run.child.send({ type: "begin" });
    expect((await once(run.child, "message"))[0]).toEqual({ type: "ready", port: 1234 });
  });

  test.each(["SIGTERM", "a parent that goes away"])("that is held ends by %s without having begun", async (end) => {
    const run = held();
    await run.saw("loaded");
    if (end === "SIGTERM") run.child.kill("SIGTERM");
    else run.child.disconnect();
    const { code, output } = await run.ended();
    expect(code).toBe(0);
    expect(output).not.toContain("begins");
  });

  test("leaves Ctrl-C and a closed terminal to its parent", async () => {
    const run = underParent("plain");
    await once(run.child, "message");
    run.child.kill("SIGINT");
    run.child.kill("SIGHUP");
    run.child.kill("SIGTERM");
    const { output } = await run.ended();
    expect(output).toContain("ending (SIGTERM)");
    expect(output).not.toMatch(/ending \(SIG(INT|HUP)\)/);
  });

  test.each(["SIGINT", "SIGHUP"] as const)("ends on %s where it has no parent", async (signal) => {
    const run = alone("plain");
    await run.saw("is ready");
    run.child.kill(signal);
    const { code, output } = await run.ended();
    expect(code).toBe(0);
    expect(output).toContain(`ending (${signal})`);
    expect(output).toContain("drained");
  });

  test("a start in progress is told to stop, and what it made is closed", async () => {
    const run = underParent("slow");
    await run.saw("starting slowly");
    run.child.kill("SIGTERM");
    const { code, output } = await run.ended();
    expect(code).toBe(0);
    expect(output).toContain("start was told to stop");
    expect(output).toContain("closed");
  });

  test("lives while its start waits for something, with no parent to keep it", async () => {
    const run = alone("waits");
    await run.saw("is ready");
    run.child.kill("SIGTERM");
    expect((await run.ended()).code).toBe(0);
  });

  test("a role that refuses its settings ends with 2", async () => {
    const { code, output } = await underParent("settings").ended();
    expect(code).toBe(2);
    expect(output).toContain("not like this");
  });

  test("a start that fails is logged and ends with 1", async () => {
    const { code, output } = await underParent("fail").ended();
    expect(code).toBe(1);
    expect(output).toContain("cannot start");
    expect(output).toContain('"level":"fatal"');
  });

  test("an error that nobody caught is logged and ends with 1", async () => {
    const { code, output } = await underParent("throw").ended();
    expect(code).toBe(1);
    expect(output).toContain("nobody caught this");
    expect(output).toContain("unhandled_rejection");
  });

  test("a wrong setting is one sentence that names it, and ends with 2", async () => {
    const { code, output } = await underParent("plain", { HOLDFAST_PORT: "many" }).ended();
    expect(code).toBe(2);
    expect(output).toMatch(/^sample: settings are not valid: HOLDFAST_PORT: .*\n$/);
  });
});
