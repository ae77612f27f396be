/** The rules that any client can be checked against, for this one, and for clients that break them on purpose. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientTask,
  type ClientUnderTest,
  checkClient,
  conformanceText,
  type StartClient,
} from "@holdfast/testkit/conformance";
import { expect, test } from "vitest";
import { browserConnect, HoldfastClient, type LiveCapture, systemClock, systemRandom } from "../src/index.ts";
import { openFileStore } from "../src/node/index.ts";

const PCM = { codec: "pcm16", sampleRate: 16_000, channels: 1, frameSamples: 320 } as const;

async function ours({ url, token, recordings }: ClientTask): Promise<ClientUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-conformance-"));
  const client = await HoldfastClient.open({
    ...{ server: url, token, owner: "me", fetch, clock: systemClock, random: systemRandom, reserveBytes: 0 },
    store: await openFileStore(folder, systemRandom.uuid()),
    connect: browserConnect((address) => new WebSocket(address)),
  });
  client.start();
  for (const { name, bytes } of recordings) await client.log.importBin(name, new Blob([bytes]));
  let capturing: Promise<LiveCapture> | undefined;
  return {
    syncNow: () => client.sync.syncNow(),
    speak(message) {
      capturing ??= client.capture({ ...PCM, device: "conformance" });
      void capturing.then((capture) => capture.append(message));
    },
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

/** Comes back after a break and names the message that this rule says; `said` were said so far, `heard` acknowledged. */
function live(firstOf: (said: number, heard: number) => number) {
  return async ({ url, token }: ClientTask): Promise<ClientUnderTest> => {
    const said: Uint8Array[] = [];
    let heard = 0;
    let next = 0;
    let socket: WebSocket | undefined;
    const pump = (): void => {
      for (; next < said.length && socket !== undefined; next++) socket.send(said[next] as Uint8Array<ArrayBuffer>);
    };
    const id = crypto.randomUUID();
    let isOver = false;
    const connect = (): void => {
      next = said.length === 1 ? 0 : firstOf(said.length, heard);
      const query = `codec=pcm16&sample_rate=16000&client_conversation_id=${id}&audio_ack=enabled&first_sequence=${next}`;
      const opened = new WebSocket(`${url.replace("http", "ws")}/v4/web/listen?${query}`);
      opened.onopen = () => opened.send(JSON.stringify({ type: "auth", token }));
      opened.onmessage = ({ data }) => {
        const { type, sequence } = String(data).startsWith("{") ? JSON.parse(String(data)) : { type: "" };
        if (type === "audio_ack") heard = sequence;
        if (type === "auth_response") socket = opened;
        pump();
      };
      opened.onclose = () => {
        socket = undefined;
        if (!isOver) connect();
      };
    };
    const close = async (): Promise<void> => {
      isOver = true;
      socket?.close();
    };
    const speak = (message: Uint8Array): void => {
      if (said.push(message) === 1) connect();
      pump();
    };
    return { syncNow: () => {}, speak, close };
  };
}

/** Sends nothing at all. */
const idle = async (): Promise<ClientUnderTest> => ({ syncNow: () => {}, close: async () => {} });

test("this client keeps every rule", async () => {
  const report = await checkClient("@holdfast/client", ours, { withinMs: 60_000 });
  expect(report.conforms, conformanceText(report)).toBe(true);
  expect(report.results.map(({ outcome }) => outcome)).toEqual(report.results.map(() => "kept"));
  expect(report.results).toHaveLength(15);
});

test("a client that sends again and again is told each rule that it breaks", async () => {
  const report = await checkClient("careless", careless, { withinMs: 6_000 });
  const broken = report.results.filter(({ outcome }) => outcome === "not_kept").map(({ id }) => id);
  // It keeps C6 by accident, and C5 waits for it in vain, since nobody presses.
  expect(broken, conformanceText(report)).toEqual(["C1", "C2", "C3", "C4", "C5", "C7", "C8", "C9", "C10", "C11"]);
  // It keeps C12 by accident too: whoever sends for ever also sends a sixth time.
  expect(report.results.filter(({ outcome }) => outcome === "not_offered").map(({ id }) => id)).toEqual([
    ...["V1", "V2", "V3"],
  ]);
  expect(conformanceText(report)).toMatch(/✗ C2 .*\n {6}\d+ requests in the pause: \d+ ms POST/);
});

test("a client that sends nothing keeps no rule", async () => {
  const report = await checkClient("idle", idle, { withinMs: 100 });
  const uploads = report.results.filter(({ id }) => id.startsWith("C"));
  expect(uploads.every(({ outcome }) => outcome === "not_kept")).toBe(true);
});

/** Which rules of live sound are broken. */
async function brokenLive(start: StartClient): Promise<string[]> {
  const report = await checkClient("live", start, { withinMs: 2_500 });
  const broken = report.results.filter(({ id, outcome }) => id.startsWith("V") && outcome !== "kept");
  return broken.map(({ id, seen }) => `${id} ${seen}`);
}

test("a client that goes on behind a break, and one that begins anew, are told so", async () => {
  const [goesOn, beginsAnew, isRight] = await Promise.all([
    brokenLive(live((said) => said)),
    brokenLive(live(() => 0)),
    // With a server that acknowledges nothing it does begin anew.
    brokenLive(live((_said, heard) => heard)),
  ]);
  expect(goesOn.map((each) => each.slice(0, 2))).toEqual(["V1", "V2"]);
  expect(beginsAnew.map((each) => each.slice(0, 2))).toEqual(["V2", "V3"]);
  expect(isRight).toEqual(["V3 20 messages came again"]);
});

test("a client that takes a 401 for a failure of its recording is told so", async () => {
  const threeTimes = async ({ url, recordings }: ClientTask): Promise<ClientUnderTest> => {
    let attempts = 0;
    const syncNow = (): void => {
      attempts += 1;
      const [recording] = recordings;
      if (attempts > 3 || recording === undefined) return;
      const form = new FormData();
      form.append("files", new Blob([recording.bytes]), recording.name);
      fetch(`${url}/v2/sync-local-files`, { method: "POST", body: form }).catch(() => undefined);
    };
    return { syncNow, close: async () => {} };
  };
  const report = await checkClient("three times", threeTimes, { withinMs: 2_500 });
  const rule = report.results.find(({ id }) => id === "C12");
  expect([rule?.outcome, rule?.seen]).toEqual(["not_kept", expect.stringContaining("no upload 6")]);
});
