/** The specification of the client points at code and tests that exist: every rule, both ways. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url);
const SPEC = readFileSync(new URL("packages/client/SPEC.md", ROOT), "utf8");
const SHORT: Readonly<Record<string, string>> = {
  client: "packages/client",
  core: "packages/core/src/recording",
  "core-test": "packages/core/test/recording",
};

const rules = [...SPEC.matchAll(/^\| ([A-Z]\d+) \| (.+) \| `([^`]+)` \| `([^`]+)` "(.+)" \|$/gm)].map(
  ([, id = "", , source = "", file = "", title = ""]) => ({ id, source: full(source), file: full(file), title }),
);

function full(path: string): URL {
  const [head = "", ...rest] = path.split("/");
  return new URL([SHORT[head] ?? head, ...rest].join("/"), ROOT);
}

describe("SPEC.md", () => {
  test("every row of its tables is a rule with a place and a test, numbered once", () => {
    const rows = SPEC.split("\n").filter((line) => /^\| [A-Z]\d+ \|/.test(line));
    expect(rules).toHaveLength(rows.length);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(rules.length).toBeGreaterThan(30);
  });

  test.each(rules)("$id", ({ source, file, title }) => {
    expect(existsSync(source), source.pathname).toBe(true);
    expect(existsSync(file), file.pathname).toBe(true);
    expect(readFileSync(file, "utf8").includes(`"${title}"`), title).toBe(true);
  });
});
