/** The pages that people run Holdfast by must not drift from the code: constants, log events and metrics are looked up. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AUDIO_LOG, JOBS, LISTEN, PUSHER } from "@holdfast/contract";
import { STT_FAILOVER } from "@holdfast/core";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/pipeline.md"), "utf8");
const GROUPS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AUDIO_LOG,
  JOBS,
  LISTEN,
  PUSHER,
  STT_FAILOVER,
};

const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(title)) ?? "";

const sources: string = ["server", "pusher", "worker", "store", "runtime"]
  .flatMap((name) => {
    const folder = join(root, "packages", name, "src");
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(folder, file), "utf8"));
  })
  .join("\n");

describe("docs/pipeline.md", () => {
  const rows = [...section("Constants").matchAll(/^\| `(\w+)\.(\w+)` \| ([\d.]+)( s)? \|$/gm)];

  it("has a table of constants", () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(section("Constants").match(/^\| `/gm)).toHaveLength(rows.length);
  });

  it.each(rows.map(([, group = "", name = "", value = "", unit]) => ({ group, name, value, unit })))(
    "says what $group.$name is",
    ({ group, name, value, unit }) => {
      expect(GROUPS[group]?.[name]).toBe(unit === undefined ? Number(value) : Number(value) * 1_000);
    },
  );

  const watched = [...section("Watch list").matchAll(/^\| ((?:`[a-z_]+`(?:, )?)+) \| /gm)]
    .flatMap(([, names = ""]) => names.split(", "))
    .map((name) => name.replaceAll("`", ""));

  it.each(watched)("watches for %s, which exists", (name) => {
    expect(sources).toContain(`"${name}"`);
  });

  it("says what must never appear in the words of the log", () => {
    expect(sources).toContain('"durable audio is missing"');
    expect(sources).toContain('"a recognised stretch could not be stored"');
    expect(watched.length).toBeGreaterThan(8);
  });
});
