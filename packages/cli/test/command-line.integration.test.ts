/** The `holdfast` command as a person runs it: help, exit codes, tokens and doctor, with and without a server running. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { EXIT, EXIT_HELP } from "../src/exit-codes.ts";
import { cleanUp, newDataFolder, processesOf, start } from "./serve/running.ts";

const BIN = fileURLToPath(new URL("../bin/holdfast.js", import.meta.url));
const STUBS = [fileURLToPath(new URL("./serve/run-stubs.ts", import.meta.url))];

afterEach(cleanUp);

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function holdfast(args: readonly string[], env: NodeJS.ProcessEnv = {}): Done {
  const all = { ...process.env, NO_COLOR: "1", HOLDFAST_PORT: "0", ...env };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { env: all, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

describe("the command line", () => {
  test("help lists every command and the exit codes", () => {
    const { code, out } = holdfast(["--help"]);
    expect(code).toBe(EXIT.ok);
    for (const name of [
      "serve",
      "gateway",
      "pusher",
      "worker",
      "speech",
      "migrate",
      "token",
      "jobs",
      "doctor",
      "status",
      "record",
      "stream",
      "upload",
      "sync",
      "demo",
    ]) {
      expect(out).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    }
    expect(out).toContain(EXIT_HELP);
  });

  test.each([["nonsense"], ["serve", "--nonsense"], ["token", "revoke"]])(
    "%s %s is a wrong command line",
    (...args) => {
      const { code, err } = holdfast(args);
      expect(code).toBe(EXIT.usage);
      expect(err).toMatch(/^error: /);
    },
  );

  test("a wrong setting is one line, or one object with --json", () => {
    const env = { HOLDFAST_LOG_LEVEL: "loud" };
    expect(holdfast(["doctor"], env)).toMatchObject({
      code: EXIT.usage,
      err: expect.stringMatching(/^holdfast: .*LOG_LEVEL.*\n$/),
    });
    const { code, out } = holdfast(["doctor", "--json"], env);
    expect(code).toBe(EXIT.usage);
    expect(JSON.parse(out)).toMatchObject({
      exit_code: EXIT.usage,
      error: expect.stringContaining("HOLDFAST_LOG_LEVEL"),
    });
  });
});

describe("tokens", () => {
  test("are made, listed and revoked with no server running, and nothing stays behind", () => {
    const dataDir = newDataFolder();
    const env = { HOLDFAST_DATA: dataDir };
    const made = JSON.parse(holdfast(["token", "create", "--name", "my phone", "--json"], env).out) as {
      token: string;
    };
    expect(made.token).toMatch(/^hf_[\w-]{43}$/);
    const listed = holdfast(["token", "list"], env);
    expect(listed.out).toMatch(/^[0-9a-f]{8} {2}valid {5}owner {2}my phone\n$/);
    expect(listed.out).not.toContain(made.token);
    const fingerprint = listed.out.slice(0, 8);
    expect(holdfast(["token", "revoke", fingerprint], env)).toMatchObject({
      code: EXIT.ok,
      out: "revoked the token\n",
    });
    expect(holdfast(["token", "revoke", fingerprint], env)).toMatchObject({
      code: EXIT.failure,
      err: expect.stringContaining(fingerprint),
    });
    expect(holdfast(["token", "list"], env).out).toContain("revoked");
    expect(holdfast(["token", "create", "--days", "soon"], env).code).toBe(EXIT.usage);
    expect(processesOf(dataDir)).toEqual([]);
  });

  test("are made in the database of the server that runs", async () => {
    const dataDir = newDataFolder();
    await start(STUBS, dataDir).ready();
    const env = { HOLDFAST_DATA: dataDir };
    expect(holdfast(["token", "create", "--user", "ann"], env).code).toBe(EXIT.ok);
    const { tokens } = JSON.parse(holdfast(["token", "list", "--json"], env).out) as { tokens: { userId: string }[] };
    expect(tokens.map(({ userId }) => userId).sort()).toEqual(["ann", "owner"]);
    expect(holdfast(["migrate"], env)).toMatchObject({ code: EXIT.ok, out: "the schema is up to date\n" });
  });

  test("without a database that answers end with the code for it", () => {
    const { code, err } = holdfast(["token", "list"], { DATABASE_URL: "postgresql://127.0.0.1:1/x" });
    expect(code).toBe(EXIT.database);
    expect(err).toContain("the database cannot be reached");
  });
});

describe("doctor", () => {
  interface Report {
    readonly findings: { check: string; level: string; found: string; advice?: string }[];
    readonly settings: { name: string; value: string }[];
  }
  const examine = (env: NodeJS.ProcessEnv): { code: number | null; report: Report } => {
    const { code, out } = holdfast(["doctor", "--json"], env);
    return { code, report: JSON.parse(out) as Report };
  };
  const finding = ({ findings }: Report, check: string) => findings.find((one) => one.check === check);

  test("finds a fresh machine fine, and shows settings without secrets", () => {
    const { code, report } = examine({
      HOLDFAST_DATA: join(newDataFolder(), "new"),
      HOLDFAST_INTERNAL_TOKEN: "very secret",
    });
    expect(report.findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(code).toBe(EXIT.ok);
    expect(finding(report, "data folder")?.found).toContain("will be made");
    expect(report.settings.find(({ name }) => name === "HOLDFAST_INTERNAL_TOKEN")?.value).toBe("(set)");
    expect(JSON.stringify(report)).not.toContain("very secret");
  });

  test("sees the server that runs", async () => {
    const dataDir = newDataFolder();
    const serve = start(STUBS, dataDir);
    await serve.ready();
    const port = /localhost:(\d+)/.exec(serve.output())?.[1];
    const { code, report } = examine({ HOLDFAST_DATA: dataDir, HOLDFAST_PORT: port });
    expect(code).toBe(EXIT.ok);
    expect(finding(report, "running")?.found).toContain(`process ${serve.process.pid}`);
    expect(finding(report, "postgres")?.found).toMatch(/answers \(embedded/);
    expect(finding(report, "gateway")?.found).toContain("ready on");
  });

  test("names what is wrong, and what to do", async () => {
    const dataDir = newDataFolder();
    mkdirSync(join(dataDir, "postgres"));
    writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "9\n");
    const stranger = createServer((_, response) => response.writeHead(404).end()).listen(0, "localhost");
    await once(stranger, "listening");
    try {
      const { port } = stranger.address() as { port: number };
      const nowhere = "http://127.0.0.1:1/v1";
      const done = await runAside({
        HOLDFAST_DATA: dataDir,
        HOLDFAST_PORT: String(port),
        HOLDFAST_LLM_URL: nowhere,
        HOLDFAST_SPEECH_URL: nowhere,
      });
      expect(done.code).toBe(EXIT.failure);
      const report = JSON.parse(done.out) as Report;
      expect(finding(report, "postgres")).toMatchObject({
        level: "fail",
        found: expect.stringContaining("PostgreSQL 9"),
      });
      expect(finding(report, "gateway")).toMatchObject({
        level: "fail",
        found: expect.stringContaining("another program"),
      });
      expect(finding(report, "speech")).toMatchObject({ level: "fail" });
      expect(finding(report, "language model")).toMatchObject({
        level: "warn",
        advice: expect.stringContaining("/v1"),
      });
      for (const { level, advice } of report.findings) expect(level === "ok" || (advice ?? "") !== "").toBe(true);
    } finally {
      stranger.close();
    }
  });

  /** Not `spawnSync`: the stranger in this process has to answer meanwhile. */
  async function runAside(env: NodeJS.ProcessEnv): Promise<{ code: number | null; out: string }> {
    const child = spawn(process.execPath, [BIN, "doctor", "--json"], { env: { ...process.env, ...env } });
    let out = "";
    child.stdout.on("data", (data) => {
      out += String(data);
    });
    await once(child, "close");
    return { code: child.exitCode, out };
  }
});
