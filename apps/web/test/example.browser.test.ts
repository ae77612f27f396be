/**
 * The example page, as its reader meets it: a page without a framework that imports the built client, in a real browser with a
 * microphone, before a gateway on real sockets that says the words of a script.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { startScriptedGateway } from "@holdfast/testkit/gateway";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exampleServer } from "../../../examples/serve.ts";
import { builtClientPackage } from "../../../scripts/client-package.ts";
import { launchChromium } from "./chromium.ts";
import { JFK_WAV } from "./holdfast.ts";

let client: string;
let browser: Browser;

beforeAll(async () => {
  client = await builtClientPackage();
  browser = await launchChromium({ wav: JFK_WAV });
});

afterAll(async () => await browser?.close());

type Gateway = Awaited<ReturnType<typeof startScriptedGateway>>;

/** Runs with the page open and signed in; whatever is wrong in the page and was not expected fails the test. */
async function onPage(gateway: Gateway, use: (page: Page) => Promise<void>, expected: string[] = []): Promise<void> {
  const server = exampleServer({ holdfast: gateway.url, client });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => void (message.type() === "error" && faults.push(message.text())));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/#token=${gateway.token}`);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: /^Sync:/ }).waitFor();
    await use(page);
    expect(await page.getByRole("alert").textContent()).toBe("");
    expect(faults).toEqual(expected);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

describe("the example page", () => {
  it("records the microphone, shows words and ends in a conversation", async () => {
    await using gateway = await startScriptedGateway({ words: "ask not what your country", messagesPerWord: 10 });
    await onPage(gateway, async (page) => {
      await page.getByRole("button", { name: "Record" }).click();
      await page.getByLabel("Words").getByText("ask not what").waitFor();
      expect(await page.getByText("Link:").textContent()).toContain("open");
      await page.getByRole("listitem").filter({ hasText: "waits to be sent" }).first().waitFor();

      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText("Conversation: completed").waitFor();
      await page.getByRole("heading", { name: "Sync: all synced" }).waitFor();
      await page.getByRole("listitem").filter({ hasText: "is part of a conversation" }).first().waitFor();
    });
    const messages = [...gateway.live.ledger.durable.values()].flat();
    expect(messages.length).toBeGreaterThanOrEqual(30);
    expect(new Set(messages.map(({ length }) => length))).toEqual(new Set([640]));
    // The fake microphone plays a speech: not everything is silence.
    expect(messages.some((message) => message.some((byte) => byte > 0 && byte < 255))).toBe(true);
    expect(gateway.live.ledger.faults).toEqual([]);
    expect(gateway.rest.uploads).toEqual([]);
  });

  it("sends a file, and says why it waits while the server pauses the account", async () => {
    await using gateway = await startScriptedGateway();
    const headers = { "retry-after": "2", "x-omi-rate-limit-reason": "backfill_capacity" };
    gateway.refuse({ method: "POST", path: /^\/v1\/uploads$/, status: 503, headers, times: 1 });
    const use = async (page: Page): Promise<void> => {
      const file = { name: "memo.wav", mimeType: "audio/wav", buffer: Buffer.alloc(2_000, 1) };
      await page.getByLabel("or a file").setInputFiles(file);
      await page.getByRole("heading", { name: /^Sync: limited busy, until / }).waitFor();
      await page
        .getByRole("listitem")
        .filter({ hasText: /memo\.wav.*it goes after the pause/ })
        .waitFor();
      await page
        .getByRole("listitem")
        .filter({ hasText: /memo\.wav.*is at the server/ })
        .waitFor();
    };
    // Every browser says on the console itself that an answer was a refusal.
    await onPage(gateway, use, [
      "Failed to load resource: the server responded with a status of 503 (Service Unavailable)",
    ]);
    expect(gateway.rest.uploads.map(({ files }) => files.map(({ name }) => name))).toEqual([["memo.wav"]]);
  });
});
