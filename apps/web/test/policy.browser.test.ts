/**
 * The content security policy in a real browser: it refuses what is planted, and no page needs what it refuses. That no page
 * says anything on the console, breaks the policy or asks another host is what every watched page checks at its end. And the
 * service worker, which lives under the same policy.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Front } from "./front.ts";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage, type WatchedPage } from "./stage.ts";

const DONE_WITHIN_MS = 90_000;
const SOON = { timeout: 10_000 };

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open("denied");
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** The policy that the page was served with, one entry a directive. */
async function policyOf(page: Page): Promise<Map<string, string>> {
  const answer = await page.request.get(page.url());
  const directives = (answer.headers()["content-security-policy"] ?? "").split(";");
  return new Map(directives.map((directive) => [directive.split(" ")[0] ?? "", directive]));
}

describe("the page", () => {
  it("allows its own scripts and styles, and nothing inline", async () => {
    await using watched = await stage.page();
    const { page } = watched;
    await page.goto(stage.holdfast.origin);
    await page.getByRole("heading", { name: "Open your sign-in link" }).waitFor();
    const policy = await policyOf(page);
    expect(policy.get("default-src")).toBe("default-src 'none'");
    expect([...policy.values()].join(" ")).not.toMatch(/unsafe|blob:|data:|wss?:|http/);
  });

  it.each([
    [
      "an inline script",
      "const planted = document.createElement('script'); planted.textContent = '0'; document.head.append(planted)",
    ],
    [
      "a style of its own",
      "const planted = document.createElement('style'); planted.textContent = 'a{}'; document.head.append(planted)",
    ],
    [
      "a script from a blob",
      "import(URL.createObjectURL(new Blob(['0'], { type: 'text/javascript' }))).catch(() => {})",
    ],
    ["a socket to another host", "try { new WebSocket('ws://127.0.0.1:9') } catch {}"],
    ["compiled text", "try { Function('') } catch {}"],
  ])("%s is refused, and a test that watches hears of it", async (_what, fault) => {
    await using watched = await stage.page();
    const { page } = watched;
    await page.goto(stage.holdfast.origin);
    watched.expectFaults(/Content Security Policy|policy broken|foreign request: blob:/);
    // A script of the page itself: what the debugger evaluates is not subject to the policy.
    await page.route("**/planted.js", (route) => route.fulfill({ contentType: "text/javascript", body: fault }));
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.src = "/planted.js";
      document.head.append(script);
    });
    await expect.poll(() => watched.faults.join(), { timeout: 10_000 }).toContain("policy broken");
  });

  it("of a conversation, opened by its address and with a dialog, keeps to it", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.setInputFiles("section[aria-label=Record] input[type=file]", JFK_WAV);
    await page.getByRole("link", { name: "Open the conversation" }).click({ timeout: DONE_WITHIN_MS });
    await page.reload();
    await page.getByRole("heading", { name: "Summary" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByText("Delete this conversation?").waitFor();
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  });
});

describe("the API description", () => {
  it("is shown, tries a request out, and offers nobody's cloud", async () => {
    await using watched = await stage.page();
    const { page } = watched;
    await page.goto(`${stage.holdfast.origin}/docs`);
    await page.getByRole("heading", { name: "Holdfast", exact: true }).waitFor();
    expect(await page.title()).toBe("Holdfast API");
    const policy = await policyOf(page);
    expect(policy.get("script-src")).toBe("script-src 'self'");
    expect(policy.get("connect-src")).toBe("connect-src 'self'");

    await page.getByRole("link", { name: "The process answers" }).first().click();
    await page
      .getByRole("button", { name: /^Test Request/ })
      .first()
      .click();
    await page.getByRole("button", { name: /^Send get request/ }).click();
    await page.getByText("200 OK").waitFor();
    expect(await page.getByText(/Ask AI|Deploy|Generate SDK/).count()).toBe(0);
  });
});

describe("without a network", () => {
  /** A page that was opened once, so that it is kept, and its user is signed in. */
  async function opened(front: Front, path = "/"): Promise<WatchedPage> {
    const watched = await stage.page({ serviceWorkers: "allow" });
    // Chromium says so where a worker takes over while the page still loads; the file is fetched again, then.
    watched.expectFaults(/service worker resource mismatch/);
    const { page } = watched;
    await page.goto(`${front.origin}${path}${new URL(stage.holdfast.link).hash}`);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller?.state), SOON).toBe("activated");
    return watched;
  }

  const workersOf = async (page: Page): Promise<string[]> => await page.evaluate(() => caches.keys());
  const firstScript = (page: Page): Promise<string | null> =>
    page.evaluate(() => document.querySelector("script[src]")?.getAttribute("src") ?? null);
  const look = (page: Page): Promise<void> =>
    page.evaluate(async () => {
      await (await navigator.serviceWorker.ready).update();
    });

  it("every page opens and says what is not there, and nothing else is answered", async () => {
    await using front = await Front.open(stage.holdfast.origin);
    await using watched = await opened(front);
    const { page } = watched;
    watched.expectFaults(/ERR_|Failed to load resource|WebSocket/);
    front.isAway = true;
    await page.goto(`${front.origin}/sync`);
    await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
    for (const path of ["/docs", "/v1/conversations", "/health/ready", "/metrics"]) {
      await expect(page.goto(front.origin + path), path).rejects.toThrow("ERR_");
    }
    front.isAway = false;
    await page.context().setOffline(true);
    await page.goto(`${front.origin}/conversations/x`);
    await page.getByText("The conversation could not be loaded").waitFor();
    await inspect(page, "offline-conversation");
    await page.getByRole("link", { name: "All conversations" }).click();
    await page.getByText("The server can't be reached").first().waitFor();
    await inspect(page, "offline");
    await page.context().setOffline(false);
    await page.getByText("The server can't be reached").first().waitFor({ state: "detached" });
  });

  it("a language that was used is there, no file was fetched twice, and only files of the page are kept", async () => {
    await using front = await Front.open(stage.holdfast.origin);
    await using watched = await opened(front);
    const { page } = watched;
    watched.expectFaults(/ERR_|Failed to load resource|WebSocket/);
    await page.goto(`${front.origin}/settings?lang=de`);
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    const assets = front.asked.filter((path) => path.startsWith("/assets/"));
    expect(assets.length).toBeGreaterThan(20);
    expect(assets).toEqual([...new Set(assets)]);
    front.isAway = true;
    await page.reload();
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    const kept = await page.evaluate(async () => {
      const requests = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map(({ url }) => new URL(url).pathname);
    });
    // Not in the cache of HTTP alone, which browsers empty as they like.
    expect(kept.filter((path) => path.startsWith("/assets/de-"))).toHaveLength(1);
    expect(kept.filter((path) => !path.startsWith("/assets/")).sort()).toEqual([
      ...["/", "/icon-192.png", "/icon-512.png", "/icon.svg", "/manifest.webmanifest"],
    ]);
  });

  it("a newer build is offered and taken when asked, and the same build takes over without a word", async () => {
    await using front = await Front.open(stage.holdfast.origin);
    await using watched = await opened(front, "/settings");
    const { page } = watched;
    const note = page.getByText("A newer version of this page is ready.");
    const before = await firstScript(page);

    front.worker = "0000000000000000";
    await look(page);
    await expect.poll(() => workersOf(page), SOON).toEqual(["holdfast-page-0000000000000000"]);
    expect(await note.count()).toBe(0);

    [front.worker, front.entry] = ["1111111111111111", "index-another0.js"];
    await look(page);
    await note.waitFor();
    await inspect(page, "update");
    expect(await firstScript(page)).toBe(before);
    await page.getByRole("button", { name: "Load it" }).click();
    await expect.poll(() => firstScript(page), SOON).toBe("/assets/index-another0.js");
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(await workersOf(page)).toEqual(["holdfast-page-1111111111111111"]);
    expect(await note.count()).toBe(0);
  });
});
