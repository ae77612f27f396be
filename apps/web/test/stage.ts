/**
 * One server and one browser for a test file, and pages that are watched: a request to another host, an error on the console,
 * a broken content security policy or an uncaught exception fails the test that opened the page, unless it was expected.
 */
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { launchChromium, type Microphone } from "./chromium.ts";
import { type Holdfast, startHoldfast } from "./holdfast.ts";

/** Not everything that the policy refuses is said on the console by the browser itself. */
const SAY_WHAT_IS_REFUSED = `document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  console.error("policy broken:", effectiveDirective, blockedURI))`;

/** Said where a test goes without the service worker. */
const WORKER_BLOCKED = "Service Worker registration blocked by Playwright";

const SCREENS = join(tmpdir(), "holdfast-screens");

export interface PageOptions extends BrowserContextOptions {
  /** Runs before any script of the page. */
  readonly before?: string;
}

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** What went wrong so far. */
  readonly faults: readonly string[];
  /** These faults are part of the test. */
  expectFaults(pattern: RegExp): void;
}

export class Stage implements AsyncDisposable {
  readonly holdfast: Holdfast;
  readonly #browser: Browser;

  private constructor(holdfast: Holdfast, browser: Browser) {
    this.holdfast = holdfast;
    this.#browser = browser;
  }

  /** `settings` are those of the server's environment. */
  static async open(microphone: Microphone, settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
    await mkdir(SCREENS, { recursive: true });
    const holdfast = await startHoldfast(settings);
    try {
      return new Stage(holdfast, await launchChromium(microphone));
    } catch (error) {
      await holdfast[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A new browser profile with one empty page. */
  async page({ before, ...options }: PageOptions = {}): Promise<WatchedPage> {
    const context = await this.#browser.newContext({
      viewport: { width: 1200, height: 860 },
      // Requests that one makes are not seen by `route`; it has tests of its own (policy.browser.test.ts).
      serviceWorkers: "block",
      ...options,
    });
    await context.addInitScript(SAY_WHAT_IS_REFUSED);
    if (before !== undefined) await context.addInitScript(before);
    const page = await context.newPage();
    const faults: string[] = [];
    const allowed: RegExp[] = [];
    page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      if (message.text() === WORKER_BLOCKED) return;
      if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const { hostname } = new URL(request.url());
      if (!["localhost", "127.0.0.1", "holdfast.test"].includes(hostname))
        faults.push(`foreign request: ${request.url()}`);
    });
    return {
      page,
      faults,
      expectFaults: (pattern) => void allowed.push(pattern),
      async [Symbol.asyncDispose]() {
        await context.close();
        expect(faults.filter((fault) => !allowed.some((pattern) => pattern.test(fault)))).toEqual([]);
      },
    };
  }

  /** A page that is signed in by the printed link and shows the list. */
  async signedIn(options: PageOptions = {}): Promise<WatchedPage> {
    const watched = await this.page(options);
    await watched.page.goto(this.holdfast.link);
    await watched.page.getByRole("button", { name: "Record", exact: true }).waitFor();
    return watched;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.holdfast[Symbol.asyncDispose]();
  }
}

/** Accessibility of what is on show, by the rules of WCAG 2.2 A and AA, and a picture of it for the eye. */
export async function inspect(page: Page, name: string): Promise<void> {
  // A dialog that is still fading in has colours of its own.
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((each) => each.finished));
  });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
  const { violations } = await new AxeBuilder({ page })
    // A tooltip lies outside of every landmark, and may or may not have faded out yet.
    .exclude("[role=tooltip]")
    .exclude("[data-portal]:has([role=tooltip]):not(:has([role=dialog]))")
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}
