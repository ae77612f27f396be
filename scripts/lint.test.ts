/** Planted faults: each ban of the linter must bite where it holds, and be silent where it does not. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-lint-"));
  cpSync(join(root, "scripts/lint"), join(folder, "scripts/lint"), { recursive: true });
  const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8")) as object;
  writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...config, vcs: { enabled: false } }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the linter says about `source` as the file `path` of the tree. */
function lint(path: string, source: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
  try {
    const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
    const { stdout, stderr } = spawnSync(process.execPath, [biome, "lint", path], { cwd: folder, encoding: "utf8" });
    return stdout + stderr;
  } finally {
    rmSync(file);
  }
}

const AMBIENT: readonly [string, string][] = [
  ["Date.now()", "Take the time from the Clock"],
  ["Date.now", "Take the time from the Clock"],
  ["new Date()", "Take the time from the Clock"],
  ["new Date", "Take the time from the Clock"],
  ["performance.now()", "Take the time from the Clock"],
  ["Math.random()", "Take randomness from the Random"],
  ["setTimeout(() => {}, 5)", "Clock that is passed in"],
  ["setInterval(() => {}, 5)", "Clock that is passed in"],
  ["globalThis.setTimeout(() => {}, 5)", "Clock that is passed in"],
  ["process.env.HOME", "Settings are parsed in main.ts"],
];

describe("clock, randomness, timers and settings", () => {
  test.each(AMBIENT)("%s is refused in a package", (expression, message) => {
    expect(lint("packages/core/src/planted.ts", `export const planted = ${expression};\n`)).toContain(message);
  });

  test.each([
    ['import { setTimeout as planted } from "node:timers/promises";', "Clock that is passed in"],
    ['import { env as planted } from "node:process";', "Settings are parsed in main.ts"],
  ])("the same by import is refused too: %s", (line, message) => {
    expect(lint("packages/worker/src/deep/planted.ts", `${line}\nexport { planted };\n`)).toContain(message);
  });

  test.each([
    "packages/worker/src/main.ts",
    "packages/runtime/src/planted.ts",
    "packages/cli/src/planted.ts",
    "packages/core/test/planted.ts",
    "packages/core/src/planted.test.ts",
    "scripts/planted.ts",
    "bench/planted.ts",
    "apps/web/src/planted.ts",
  ])("all of it is allowed in %s", (path) => {
    const source = AMBIENT.map(([expression], index) => `export const p${index} = ${expression};\n`).join("");
    expect(lint(path, source)).not.toMatch(/passed in \(law L12\)/);
  });

  test("a date of known time is no reading of a clock", () => {
    const source = "export const planted = [new Date(5), Date.parse('2026-01-01'), Date.UTC(2026)];\n";
    expect(lint("packages/core/src/planted.ts", source)).not.toMatch(/law L12/);
  });
});

describe("promises", () => {
  const later = "async function later(): Promise<number> {\n  return 1;\n}\n";

  test.each([
    ["noFloatingPromises", `${later}export function planted(): void {\n  later();\n}\n`],
    ["noMisusedPromises", `${later}export const planted = later() ? 1 : 2;\n`],
  ])("%s bites", (rule, source) => {
    expect(lint("packages/core/src/planted.ts", source)).toContain(rule);
  });

  test("an awaited promise is fine", () => {
    const source = `${later}export async function planted(): Promise<number> {\n  return await later();\n}\n`;
    expect(lint("packages/core/src/planted.ts", source)).not.toContain("Promises");
  });
});

describe("types", () => {
  test.each([
    ["noExplicitAny", "export const planted = (value: any): unknown => value;\n"],
    ["noNonNullAssertion", "export const planted = (value: string | undefined): string => value!;\n"],
    ["noTsIgnore", "// @ts-ignore\nexport const planted = 1;\n"],
    ["noEnum", "export enum Planted {\n  A = 1,\n}\n"],
    ["noFocusedTests", 'import { test } from "vitest";\ntest.only("x", () => {});\n'],
    ["noSkippedTests", 'import { test } from "vitest";\ntest.skip("x", () => {});\n'],
  ])("%s bites", (rule, source) => {
    expect(lint("packages/core/src/planted.ts", source)).toContain(rule);
  });
});
