/**
 * `npm start` as a person, a terminal and a service manager know it: they see the process of npm, and it is npm that they
 * signal. The real roles, by the real npm.
 */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { cleanUp, newDataFolder, processesOf, startProgram } from "./serve/running.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

afterEach(cleanUp);

/** In a group of processes of its own, as a shell starts a job. */
const npmStart = (dataDir: string) => startProgram("npm", ["start"], dataDir, { cwd: ROOT, detached: true });

test("SIGTERM to npm alone ends everything in order, and npm stays until it is done", async () => {
  const dataDir = newDataFolder();
  const npm = npmStart(dataDir);
  await npm.ready();
  npm.process.kill("SIGTERM");
  expect(await npm.ended()).toBe(0);
  expect(npm.output()).toContain("Holdfast has ended; everything is kept");
  expect(processesOf(dataDir)).toEqual([]);
});

test("Ctrl-C, which reaches us twice below npm, is one Ctrl-C", async () => {
  const dataDir = newDataFolder();
  const npm = npmStart(dataDir);
  await npm.ready();
  process.kill(-(npm.process.pid ?? 0), "SIGINT");
  expect(await npm.ended()).toBe(0);
  expect(npm.output()).toContain("Holdfast has ended; everything is kept");
  expect(processesOf(dataDir)).toEqual([]);
});

test("a hang-up of a terminal that we do not use ends npm and leaves us running", async () => {
  const dataDir = newDataFolder();
  const npm = npmStart(dataDir);
  await npm.ready();
  process.kill(-(npm.process.pid ?? 0), "SIGHUP");
  await npm.ended();
  const address = /ready on (http:\/\/localhost:\d+)/.exec(npm.output())?.[1] ?? "";
  expect((await fetch(`${address}/health/ready`)).status).toBe(200);
  expect(npm.output()).not.toContain("is ending");
});
