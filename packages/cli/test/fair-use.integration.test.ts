/** `holdfast fair-use` as a person runs it, on a real database with use in it. */
import { minuteOf } from "@holdfast/core";
import { addSpeech, type Db, findFairUseUser, setFairUseStage } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { cleanUp, holdfast } from "./client/run-holdfast.ts";

const USER = "owner";

let server: TestServer;
let db: Db;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  cleanUp();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  db = database.db;
  env = { DATABASE_URL: database.url, FAIR_USE_ENABLED: "true" };
  const nowMs = Date.now();
  await setFairUseStage(db, { userId: USER, by: "test", nowMs }, "restrict");
  const speech = [{ origin: "r1", position: 1, minuteMs: minuteOf(nowMs), speechMs: 900_000 }];
  await addSpeech(db, { userId: USER, source: "realtime", speech, nowMs });
  return async () => await db.destroy();
});

test("shows who is at a stage, and a user's use", async () => {
  expect((await holdfast(["fair-use", "status"], env)).stdout).toBe(`${USER}  restrict, until a person ends it\n`);
  const page = await holdfast(["fair-use", "status", USER], env);
  expect(page.stdout).toContain("0.25 h of 2.00 h");
  expect(page.stdout).toContain("15 m of 30 m today");
  const shown: unknown = JSON.parse((await holdfast(["fair-use", "status", USER, "--json"], env)).stdout);
  expect(shown).toMatchObject({ account: { userId: USER, budgetUsedMs: 900_000, state: { stage: "restrict" } } });
  expect((await holdfast(["fair-use", "status", "nobody"], env)).stdout).toContain("stage:        none");
});

test("resets a user and sets a stage", async () => {
  expect(await holdfast(["fair-use", "reset", USER], env)).toMatchObject({ exit: EXIT.ok, stdout: `${USER}: reset\n` });
  expect(await findFairUseUser(db, USER)).toMatchObject({ stage: "none", reset_by: "command line" });
  expect((await holdfast(["fair-use", "status"], env)).stdout).toBe("nobody is at a stage\n");
  expect((await holdfast(["fair-use", "set-stage", USER, "throttle"], env)).stdout).toBe(`${USER}: throttle\n`);
  expect((await holdfast(["fair-use", "status"], env)).stdout).toContain("throttle, ends in ");
  const wrong = await holdfast(["fair-use", "set-stage", USER, "banned"], env);
  expect(wrong.exit).toBe(EXIT.usage);
  expect(wrong.stderr).toContain("none, warning, throttle, restrict");
});
