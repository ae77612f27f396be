/** The first load stays small, and nothing in it needs an exception from a strict content security policy. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { buildWebIfNeeded } from "../../../scripts/web.ts";
import { LOCALES } from "../src/i18n/locales.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DIST = new URL("../dist/", import.meta.url);
const FIRST_LOAD_BYTES = 250_000;
/** What comes after it while nothing else is to be done: the other pages, the workers, one language. */
const LATER_BYTES = 100_000;

beforeAll(() => {
  buildWebIfNeeded(ROOT, (text) => console.log(text));
});

async function compressedSize(names: Iterable<string>): Promise<number> {
  let total = 0;
  for (const name of names) total += gzipSync(await readFile(new URL(`assets/${name}`, DIST)), { level: 9 }).length;
  return total;
}

/** The entry and whatever it imports before it runs. */
async function firstLoad(): Promise<ReadonlySet<string>> {
  const html = await readFile(new URL("index.html", DIST), "utf8");
  const waiting = [...html.matchAll(/<script[^>]* src="\/assets\/([^"]+)"/g)].map(([, name]) => name ?? "");
  const seen = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const text = await readFile(new URL(`assets/${name}`, DIST), "utf8");
    waiting.push(...[...text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g)].map(([, each]) => each ?? ""));
  }
  return seen;
}

it("all script of the first load is under 250 kB, compressed, in every language", async () => {
  const first = await firstLoad();
  expect(first.size).toBeGreaterThan(0);
  const scripts = (await readdir(new URL("assets/", DIST))).filter((name) => name.endsWith(".js"));
  const isLanguage = (name: string): boolean => /^[a-z]{2}-[\w-]{8}\.js$/.test(name);
  // Nobody speaks them.
  const isPseudo = (name: string): boolean => /^(?:en-XA|ar-XB)-/.test(name);
  const languages = await Promise.all(
    scripts.filter((name) => isLanguage(name)).map(async (name) => await compressedSize([name])),
  );
  // English is in the page itself.
  expect(languages).toHaveLength(LOCALES.length - 1);
  const base = await compressedSize(first);
  expect(base).toBeGreaterThan(50_000);
  const later = await compressedSize(
    scripts.filter((name) => !first.has(name) && !isLanguage(name) && !isPseudo(name)),
  );
  console.log(`first load ${base} bytes, largest language ${Math.max(...languages)}, later ${later}`);
  expect(base + Math.max(...languages)).toBeLessThan(FIRST_LOAD_BYTES);
  expect(later).toBeLessThan(LATER_BYTES);
});

it("the page carries no inline script, no inline style and no other host", async () => {
  const html = await readFile(new URL("index.html", DIST), "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
  expect(html).not.toMatch(/https?:\/\//);
});
