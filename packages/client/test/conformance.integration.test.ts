/** The rules that any client can be checked against, for this one, and for clients that break them on purpose. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientTask, type ClientUnderTest, checkClient, conformanceText } from "@holdfast/testkit/conformance";
import { expect, test } from "vitest";
import { browserConnect, HoldfastClient, systemClock, systemRandom } from "../src/index.ts";
import { openFileStore } from "../src/node/index.ts";

async function ours({ url, token, recordings }: ClientTask): Promise<ClientUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-conformance-"));
  const client = await HoldfastClient.open({
    ...{ server: url, token, owner: "me", fetch, clock: systemClock, random: systemRandom, reserveBytes: 0 },
    store: await openFileStore(folder, systemRandom.uuid()),
    connect: browserConnect((address) => new WebSocket(address)),
  });
  client.start();
  for (const { name, bytes } of recordings) await client.log.importBin(name, new Blob([bytes]));
  return {
    syncNow: () => client.sync.syncNow(),
    async close() {
      await client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sends everything each time somebody presses, whatever the server says. */
async function careless({ url, recordings }: ClientTask): Promise<ClientUnderTest> {
  const running = new Set<Promise<unknown>>();
  const send = (): void => {
    for (const { name, bytes } of recordings) {
      const form = new FormData();
      form.append("files", new Blob([bytes]), name);
      const request = fetch(`${url}/v2/sync-local-files`, { method: "POST", body: form }).then((answer) =>
        answer.text(),
      );
      const ended = request.catch(() => undefined).finally(() => running.delete(ended));
      running.add(ended);
    }
  };
  send();
  return { syncNow: send, close: async () => void (await Promise.all(running)) };
}

/** Sends nothing at all. */
const idle = async (): Promise<ClientUnderTest> => ({ syncNow: () => {}, close: async () => {} });

test("this client keeps every rule", async () => {
  const report = await checkClient("@holdfast/client", ours, { withinMs: 60_000 });
  expect(report.conforms, conformanceText(report)).toBe(true);
  expect(report.results.map(({ outcome }) => outcome)).toEqual(report.results.map(() => "kept"));
  expect(report.results).toHaveLength(11);
});

test("a client that sends again and again is told each rule that it breaks", async () => {
  const report = await checkClient("careless", careless, { withinMs: 6_000 });
  const broken = report.results.filter(({ outcome }) => outcome === "not_kept").map(({ id }) => id);
  // It keeps C6 by accident, and C5 waits for it in vain, since nobody presses.
  expect(broken, conformanceText(report)).toEqual(["C1", "C2", "C3", "C4", "C5", "C7", "C8", "C9", "C10", "C11"]);
  expect(conformanceText(report)).toMatch(/✗ C2 .*\n {6}\d+ requests in the pause: \d+ ms POST/);
});

test("a client that sends nothing keeps no rule", async () => {
  const report = await checkClient("idle", idle, { withinMs: 100 });
  expect(report.results.every(({ outcome }) => outcome === "not_kept")).toBe(true);
});
