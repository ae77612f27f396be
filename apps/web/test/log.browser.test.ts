/**
 * The recording log in a real browser: both stores keep the contract that all stores keep, and what was written survives a
 * reload in the middle of a recording and a tab that is killed.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchChromium } from "./chromium.ts";
import type { StoreKind } from "./log/page.ts";
import { type ServedPage, serveLogPage } from "./log/serve.ts";

let served: ServedPage;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  served = await serveLogPage();
  browser = await launchChromium("denied");
});

afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const made = await browser.newContext();
  context = made;
  return () => made.close();
});

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(served.address);
  await ready(page);
  return page;
}

async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => window.logPage !== undefined);
}

async function recording(kind: StoreKind): Promise<Page> {
  const page = await openPage();
  expect(await page.evaluate((each) => window.logPage.open(each, "log"), kind)).toBeNull();
  // It has no end, so its end is not waited for.
  await page.evaluate(() => void window.logPage.record());
  return page;
}

/** How much was written when it was last asked, once that is enough. */
async function writtenBy(page: Page, enough: number): Promise<number> {
  await page.waitForFunction((frames) => window.logPage.written >= frames, enough);
  return await page.evaluate(() => window.logPage.written);
}

async function expectKept(page: Page, kind: StoreKind, written: number): Promise<void> {
  expect(await page.evaluate((each) => window.logPage.open(each, "log"), kind)).toBeNull();
  const { frames, statuses, sealed } = await page.evaluate(() => window.logPage.held());
  // Every hundred frames begin a new recording; who ended just there left none open.
  expect(sealed).toBe(frames.length % 100 === 0 ? 0 : 1);
  expect(new Set(statuses)).toEqual(new Set(["miss"]));
  expect(frames).toEqual(frames.map((_, index) => index));
  expect(frames.length).toBeGreaterThanOrEqual(written);
}

describe.each(["opfs", "indexeddb"] as const)("the recording log in %s", (kind) => {
  it("keeps the contract of all stores", async () => {
    const page = await openPage();
    const results = await page.evaluate((each) => window.logPage.contract(each), kind);
    expect(results.length).toBeGreaterThan(10);
    expect(results.filter(([, failure]) => failure !== null)).toEqual([]);
  });

  it("belongs to one tab at a time", async () => {
    const first = await recording(kind);
    const second = await openPage();
    expect(await second.evaluate((each) => window.logPage.open(each, "log"), kind)).toBe("log_in_use");
    const written = await writtenBy(first, 5);
    await first.close();
    await expectKept(second, kind, written);
  });

  it("keeps what was written when its page is reloaded while it records", async () => {
    const page = await recording(kind);
    const written = await writtenBy(page, 230);
    await page.reload();
    await ready(page);
    await expectKept(page, kind, written);
  });

  it("keeps what was written when its tab is killed", async () => {
    const page = await recording(kind);
    const written = await writtenBy(page, 130);
    const crashed = page.waitForEvent("crash");
    page.goto("chrome://crash").catch(() => undefined);
    await crashed;
    await page.close();
    await expectKept(await openPage(), kind, written);
  });
});

// Chromium asks for the room of a database when it is opened anew, so that it cannot be taken away in a test.
it("the recording log holds what its browser has no room for, and writes it when there is some", async () => {
  const page = await openPage();
  expect(await page.evaluate(() => window.logPage.open("opfs", "log"))).toBeNull();
  const { origin } = new URL(page.url());
  const tools = await page.context().newCDPSession(page);
  await tools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
  await page.evaluate(() => window.logPage.speak(500));
  expect(await page.evaluate(() => window.logPage.heard)).toEqual(["storage_full"]);
  await tools.send("Storage.overrideQuotaForOrigin", { origin });
  await page.waitForFunction(() => window.logPage.heard.at(-1) === "capture_resumed");
  await page.evaluate(() => window.logPage.seal());
  const { frames } = await page.evaluate(() => window.logPage.held());
  expect(frames).toEqual(Array.from({ length: 500 }, (_, index) => index));
});
