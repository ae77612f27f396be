/** Which conversation a new socket gets, row by row of reference listen-and-pusher 4.4. */
import { type OpenRow, type PrepareInput, prepareConversation } from "@holdfast/core";
import { describe, expect, it } from "vitest";

const row = (over: Partial<OpenRow> = {}): OpenRow => ({
  id: "c1",
  status: "in_progress",
  discarded: false,
  deleted: false,
  locked: false,
  source: "omi",
  clientDeviceId: "android_1",
  finishedAtMs: 100_000,
  ...over,
});

const input = (over: Partial<PrepareInput> = {}): PrepareInput => ({
  source: "omi",
  clientDeviceId: "android_1",
  timeoutMs: 120_000,
  nowMs: 150_000,
  clientConversationId: null,
  named: undefined,
  open: undefined,
  ...over,
});

const mine = "11111111-1111-1111-1111-111111111111";

describe("prepareConversation", () => {
  const table: [string, Partial<PrepareInput>, ReturnType<typeof prepareConversation>][] = [
    ["nothing open", {}, { action: "create", id: null }],
    ["open and recent", { open: row() }, { action: "resume", id: "c1" }],
    ["open, one millisecond before the timeout", { open: row(), nowMs: 219_999 }, { action: "resume", id: "c1" }],
    ["open, at the timeout", { open: row(), nowMs: 220_000 }, { action: "end_and_create", endId: "c1", id: null }],
    ["open, another source", { open: row({ source: "desktop" }) }, { action: "create", id: null }],
    ["open, another device", { open: row({ clientDeviceId: null }) }, { action: "create", id: null }],
    ["open but locked", { open: row({ locked: true }) }, { action: "create", id: null }],
    ["not open any more", { open: row({ status: "processing" }) }, { action: "create", id: null }],
    ["own id, unknown", { clientConversationId: mine }, { action: "create", id: mine }],
    ["own id, open", { clientConversationId: mine, named: row() }, { action: "resume", id: "c1" }],
    [
      "own id, completed",
      { clientConversationId: mine, named: row({ status: "completed" }) },
      { action: "announce_and_create", id: "c1", status: "completed" },
    ],
    [
      "own id, timed out",
      { clientConversationId: mine, named: row(), nowMs: 220_000 },
      { action: "end_and_create", endId: "c1", id: null },
    ],
    [
      "own id, discarded",
      { clientConversationId: mine, named: row({ discarded: true }) },
      { action: "create", id: null },
    ],
    ["own id, deleted", { clientConversationId: mine, named: row({ deleted: true }) }, { action: "create", id: null }],
    [
      "own id, other device",
      { clientConversationId: mine, named: row({ clientDeviceId: "ios_2" }) },
      { action: "create", id: null },
    ],
    [
      "own id ignores what else is open",
      { clientConversationId: mine, open: row({ id: "c9" }) },
      { action: "create", id: mine },
    ],
  ];
  it.each(table)("%s", (_name, over, expected) => {
    expect(prepareConversation(input(over))).toEqual(expected);
  });
});
