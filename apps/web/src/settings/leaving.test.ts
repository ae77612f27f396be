/** The order of leaving: nothing goes here before all is gone there, and only what the person ticked. */
import type { Recording } from "@holdfast/client";
import type { DisplayState } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { type LocalRecordings, leave, unsentCount } from "./leaving.ts";

function browser(states: Readonly<Record<string, DisplayState>>, done: string[] = []): LocalRecordings {
  const recordings = new Map(Object.keys(states).map((id) => [id, { id } as Recording]));
  return {
    log: { recordings },
    sync: {
      explain: (id) => {
        const state = states[id];
        return state === undefined ? null : { state, why: null, next: "nothing", atMs: null };
      },
      remove: async (ids) => void done.push(`removed ${ids.join()}`),
    },
  };
}

function account(done: string[], refusal?: Error) {
  return {
    account: "anna",
    api: {
      deleteAccount: async (uid: string) => {
        if (refusal !== undefined) throw refusal;
        done.push(`deleted ${uid}`);
      },
    },
    stopRecording: async () => void done.push("stopped"),
  };
}

describe("the recordings that would be lost", () => {
  it("are those whose sound no conversation has", () => {
    const states = { a: "waiting", b: "synced", c: "uploaded", d: "corrupted", e: "failed", f: "syncing" } as const;
    expect(unsentCount(browser(states))).toBe(4);
  });

  it("are none in an empty browser", () => expect(unsentCount(browser({}))).toBe(0));
});

describe("leaving", () => {
  it("stops recording, deletes the account and then what is here, where that is ticked", async () => {
    const done: string[] = [];
    await leave({ ...account(done), recordings: browser({ a: "waiting", b: "synced" }, done) });
    expect(done).toEqual(["stopped", "deleted anna", "removed a,b"]);
  });

  it("leaves what is here where it is not ticked", async () => {
    const done: string[] = [];
    await leave({ ...account(done), recordings: null });
    expect(done).toEqual(["stopped", "deleted anna"]);
  });

  it("removes nothing here when the server refuses", async () => {
    const done: string[] = [];
    const going = leave({
      ...account(done, new Error("refused")),
      recordings: browser({ a: "waiting" }, done),
    });
    await expect(going).rejects.toThrow("refused");
    expect(done).toEqual(["stopped"]);
  });
});
