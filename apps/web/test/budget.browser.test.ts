/** The first load stays small, and nothing in it needs an exception from a strict content security policy. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { buildWebIfNeeded } from "../../../scripts/web.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DIST = new URL("../dist/", import.meta.url);
const SCRIPT_BUDGET_BYTES = 250_000;

beforeAll(() => {
  buildWebIfNeeded(ROOT, (text) => console.log(text));
});

it("all script together is under 250 kB, compressed", async () => {
  const names = (await readdir(new URL("assets/", DIST))).filter((name) => name.endsWith(".js"));
  const sizes = await Promise.all(
    names.map(async (name) => gzipSync(await readFile(new URL(`assets/${name}`, DIST)), { level: 9 }).length),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(SCRIPT_BUDGET_BYTES);
});

it("the page carries no inline script, no inline style and no other host", async () => {
  const html = await readFile(new URL("index.html", DIST), "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  expect(html).not.toMatch(/https?:\/\//);
});
