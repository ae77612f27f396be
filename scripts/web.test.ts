import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildWebIfNeeded, isOlder } from "./web.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-web-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, seconds: number): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  utimesSync(file, seconds, seconds);
  for (let at = dirname(file); at !== folder; at = dirname(at)) utimesSync(at, 1, 1);
  return file;
}

test("what is missing is older than anything", () => {
  expect(isOlder(join(folder, "dist"), [])).toBe(true);
});

test("one newer file anywhere below a source is enough", () => {
  const target = write("dist/index.html", 100);
  write("src/a/b/c.ts", 99);
  expect(isOlder(target, [join(folder, "src"), join(folder, "missing")])).toBe(false);
  write("src/a/d.ts", 101);
  expect(isOlder(target, [join(folder, "src")])).toBe(true);
});

test("a source that was removed shows by its folder", () => {
  const target = write("dist/index.html", 100);
  const removed = write("src/a.ts", 50);
  rmSync(removed);
  expect(isOlder(target, [join(folder, "src")])).toBe(true);
});

test("nothing is built where there is no web app, or where it is up to date", () => {
  const said: string[] = [];
  expect(buildWebIfNeeded(folder, (text) => said.push(text))).toBe(false);
  write("apps/web/index.html", 50);
  write("apps/web/src/main.tsx", 50);
  write("apps/web/dist/index.html", 100);
  expect(buildWebIfNeeded(folder, (text) => said.push(text))).toBe(false);
  expect(said).toEqual([]);
});

test("a build that fails is an error", () => {
  write("apps/web/index.html", 50);
  expect(() => buildWebIfNeeded(folder, () => {})).toThrow();
});
