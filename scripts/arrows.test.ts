/**
 * Planted faults: a tree with the packages of this one, all empty, and in it one import for each thing that the dependency
 * rules forbid. The rules must name exactly these, and none of the imports that are fine.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const packages = readdirSync(join(root, "packages"));

/** File, the line in it, and the rules that it breaks. */
const PLANTED: readonly (readonly [string, string, readonly string[]])[] = [
  ...packages
    .filter((name) => name !== "cli")
    .map((name) => [`packages/${name}/src/up.ts`, 'import "@holdfast/cli";', [`arrows-of-${name}`]] as const),
  ["packages/cli/src/testing.ts", 'import "@holdfast/testkit";', ["arrows-of-cli", "no-testkit-in-production"]],
  ["packages/server/src/sideways.ts", 'import type {} from "@holdfast/pusher";', ["arrows-of-server"]],
  ["packages/server/src/decode.ts", 'import "@holdfast/codecs";', ["arrows-of-server", "gateway-does-not-decode"]],
  ["packages/worker/src/deep.ts", 'import "../../store/src/inner.ts";', ["public-face-only"]],
  ["packages/worker/test/deep.ts", 'import "../../store/src/inner.ts";', ["public-face-only"]],
  ["bench/deep.ts", 'import "../packages/store/src/inner.ts";', ["public-face-only-from-outside"]],
  ["apps/web/src/server.ts", 'import "@holdfast/server";', ["web-app-is-a-client"]],
  ["packages/core/src/disk.ts", 'import "node:fs";', ["pure-core"]],
  ["packages/contract/src/heavy.ts", 'import "heavy";', ["contract-and-core-stay-light"]],
  ["packages/store/src/chicken.ts", 'import "./egg.ts";', ["no-circles"]],
  // A circle is named once.
  ["packages/store/src/egg.ts", 'import "./chicken.ts";', []],
  ["scripts/lost.ts", 'import "./nowhere.ts";', ["nothing-unresolved"]],
];

const FINE: readonly (readonly [string, string])[] = [
  ["packages/core/src/light.ts", 'import "zod";'],
  ["packages/server/src/down.ts", 'import "@holdfast/store";'],
  ["packages/server/test/kit.ts", 'import "@holdfast/testkit";'],
  ["packages/worker/src/heavy.ts", 'import "heavy"; import "node:fs";'],
  ["apps/web/src/client.ts", 'import "@holdfast/client";'],
  ["bench/face.ts", 'import "@holdfast/server";'],
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-arrows-"));
  for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "tsconfig.base.json"])
    cpSync(join(root, name), join(folder, name));
  mkdirSync(join(folder, "node_modules/@holdfast"), { recursive: true });
  for (const name of packages) {
    write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@holdfast/${name}`, exports: { ".": "./src/index.ts" } }),
    );
    write(`packages/${name}/src/index.ts`, "export {};");
    symlinkSync(join(folder, "packages", name), join(folder, "node_modules/@holdfast", name));
  }
  for (const name of ["zod", "heavy"]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, exports: "./index.js" }));
    write(`node_modules/${name}/index.js`, "");
  }
  write("packages/store/src/inner.ts", "export {};");
  for (const [path, line] of [...PLANTED, ...FINE]) write(path, line);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
}

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

function violations(): Violation[] {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "packages", "apps", "bench", "scripts"];
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

test("every forbidden import is found, and no other", () => {
  const found = violations();
  const pairs = found.map(({ from, rule }) => `${from}: ${rule.name}`);
  expect(pairs.sort()).toEqual(PLANTED.flatMap(([path, , rules]) => rules.map((rule) => `${path}: ${rule}`)).sort());
  expect(new Set(found.map(({ rule }) => rule.severity))).toEqual(new Set(["error"]));
});

test("every rule has a fault that was planted for it", () => {
  const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
    forbidden: { name: string }[];
  };
  const planted = new Set(PLANTED.flatMap(([, , rules]) => rules));
  expect(forbidden.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([]);
});
