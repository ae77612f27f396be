import type { rowActions } from "@holdfast/core";
import { expect, it } from "vitest";
import { english } from "../../test/english.ts";
import { MEANINGS } from "./sync-info.tsx";
import { rowWords } from "./sync-words.ts";

/** A missing state does not compile. */
const STATES: Readonly<Record<Parameters<typeof rowActions>[0], true>> = {
  ...{ waiting: true, syncing: true, uploaded: true, synced: true, retrying: true, failed: true },
  ...{ corrupted: true, too_old: true, unsupported_audio: true, upload_rejected: true },
};

it("every state of a recording is explained once, in a sentence, under the name that its row has", () => {
  const explained = MEANINGS.flatMap(([states]) => states);
  expect([...explained].sort()).toEqual(Object.keys(STATES).sort());
  for (const [states, meaning] of MEANINGS) {
    expect(english.t(meaning)).toMatch(/^[A-Z].*\.$/);
    for (const state of states) expect(english.t(rowWords(state).text)).not.toBe("");
  }
});
