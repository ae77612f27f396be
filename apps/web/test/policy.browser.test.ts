/**
 * The content security policy in a real browser: it refuses what is planted, and no page needs what it refuses. That no page
 * says anything on the console, breaks the policy or asks another host is what every watched page checks at its end.
 */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { Stage } from "./stage.ts";

const DONE_WITHIN_MS = 90_000;

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
