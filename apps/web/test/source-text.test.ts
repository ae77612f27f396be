/** No word of the page is outside of the catalogue, and every message is said with the facts that it takes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import { describe, expect, it } from "vitest";
import { readMessages } from "../plugins/catalogues.ts";
import { parsed } from "../plugins/compile.ts";
import { saidMessages, untranslated } from "./source-text.ts";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

describe("the sources", () => {
  it("have no words beside the catalogue", () => expect(untranslated(SRC)).toEqual([]));

  it("say each message with its facts, no more and no fewer", () => {
    const english = readMessages("en");
    const said = saidMessages(SRC);
    expect(said.length).toBeGreaterThan(150);
    const wrong = said.filter(({ id, values }) => {
      const needed = [...namesIn(parsed(id, english[id] ?? ""))];
      return needed.sort().join() !== [...values].sort().join();
    });
    expect(wrong).toEqual([]);
  });
});

describe("the check of the sources", () => {
  it.each([
    ["text", "export const A = () => <p>Hello</p>;"],
    ["an attribute", 'export const A = () => <img alt="Hello" />;'],
    ["a choice in an attribute", 'export const A = (a: boolean) => <button title={a ? "Hello" : ""} />;'],
    ["a choice among children", 'export const A = (a: boolean) => <p>{a && "Hello"}</p>;'],
    ["a template", "export const A = (a: string) => <p>{`Hello \u0024{a}`}</p>;"],
  ])("finds %s", (_what, source) => expect(inFile(source)).toHaveLength(1));

  it.each([
    ["what is said from the catalogue", 'export const A = () => <p title={t("shell.skip")}>{t("shell.skip")}</p>;'],
    [
      "what nobody reads",
      'export const A = (a: string) => <p color="gray" data-b={a === "Hello"}>{a === "b" ? "" : "…"}</p>;',
    ],
    ["the name of the program", "export const A = () => <h1>Holdfast</h1>;"],
  ])("leaves alone %s", (_what, source) => expect(inFile(source)).toEqual([]));
});

function inFile(source: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-source-"));
  try {
    writeFileSync(join(folder, "a.tsx"), source);
    return untranslated(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Names of arguments and tags. */
function namesIn(elements: readonly MessageFormatElement[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const element of elements) {
    if (element.type === 0 || element.type === 7) continue;
    names.add(element.value);
    const inside =
      element.type === 8
        ? [element.children]
        : element.type === 5 || element.type === 6
          ? Object.values(element.options).map(({ value }) => value)
          : [];
    for (const name of inside.flatMap((each) => [...namesIn(each)])) names.add(name);
  }
  return names;
}
