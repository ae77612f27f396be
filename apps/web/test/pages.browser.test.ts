/** Signing in and out, files, the list and the details of a conversation, in a real browser against the whole server. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyQueue } from "./busy-queue.ts";
import { JFK_WAV } from "./holdfast.ts";
import { plainWords } from "./plain-words.ts";
import { describeSettings } from "./settings-scenarios.ts";
import { inspect, Stage } from "./stage.ts";

const DONE_WITHIN_MS = 90_000;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open("denied");
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** Drops a file on the page as a person does: it enters, hovers and falls. */
async function drop(page: Page, name: string, type: string, content: Uint8Array): Promise<void> {
  const base64 = Buffer.from(content).toString("base64");
  const transfer = await page.evaluateHandle(
    async ([encoded, fileName, fileType]) => {
      const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], fileName, { type: fileType }));
      return data;
    },
    [base64, name, type] as const,
  );
  const target = page.locator("body");
  await target.dispatchEvent("dragenter", { dataTransfer: transfer });
  await page.getByText("Drop to add it to your conversations").waitFor();
  const zone = page.getByText("Drop to add it to your conversations");
  await zone.dispatchEvent("dragover", { dataTransfer: transfer });
  await zone.dispatchEvent("drop", { dataTransfer: transfer });
}

const BUSY_QUEUE = busyQueue();

describe("signing in", () => {
  it("without a token says where the link is", async () => {
    await using watched = await stage.page();
    const { page } = watched;
    await page.goto(stage.holdfast.origin);
    await page.getByRole("heading", { name: "Open your sign-in link" }).waitFor();
    await page.getByText("owner.token").waitFor();
    await inspect(page, "sign-in");
  });

  it("with a wrong token says so, and takes the right one", async () => {
    await using watched = await stage.page();
    watched.expectFaults(/401/);
    const { page } = watched;
    await page.goto(`${stage.holdfast.origin}/#token=hf_wrong`);
    await page.getByRole("alert").getByText("That token is not valid").waitFor();
    await inspect(page, "token-refused");
    await page.getByLabel("Link or token").fill(stage.holdfast.link);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Record", exact: true }).waitFor();
  });

  it("by link leaves no token in the address bar, lasts over a reload, and ends with signing out", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    expect(page.url()).toBe(`${stage.holdfast.origin}/`);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Open your sign-in link" }).waitFor();
    expect(await page.evaluate(() => localStorage.getItem("holdfast.token"))).toBeNull();
  });
});

describe("without a microphone", () => {
  it("a refused permission is explained", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByRole("alert").getByText("The microphone is blocked for this page").waitFor();
    await inspect(page, "microphone-blocked");
    await page.getByRole("button", { name: "Close this message" }).click();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("an address that is not secure is explained", async () => {
    await using watched = await stage.page();
    const { page } = watched;
    await page.goto(stage.holdfast.link.replace("127.0.0.1", "holdfast.test").replace("localhost", "holdfast.test"));
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByText("This address can't use the microphone").waitFor();
  });
});

describe("a dropped file", () => {
  it("is uploaded, transcribed and becomes a conversation", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await drop(page, "speech.wav", "audio/wav", await readFile(JFK_WAV));
    const row = page.getByTestId("upload");
    await row.getByText("speech.wav").waitFor();
    await inspect(page, "uploading");
    await row.getByRole("link", { name: "Open the conversation" }).click({ timeout: DONE_WITHIN_MS });
    await expect
      .poll(() => page.getByRole("list", { name: "Transcript" }).textContent(), { timeout: DONE_WITHIN_MS })
      .toMatch(/ask what you can do for your country/i);
    await page.getByRole("heading", { name: "Summary" }).waitFor({ timeout: DONE_WITHIN_MS });
  });

  it("that is carried away again leaves the page as it was, and text is nothing to take", async () => {
    await using watched = await stage.signedIn({ colorScheme: "dark" });
    const { page } = watched;
    const held = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "a.wav"));
      return data;
    });
    const body = page.locator("body");
    const zone = page.getByText("Drop to add it to your conversations");
    await body.dispatchEvent("dragenter", { dataTransfer: held });
    await zone.waitFor();
    await page.locator("h1").dispatchEvent("dragenter", { dataTransfer: held });
    await body.dispatchEvent("dragleave", { dataTransfer: held });
    await inspect(page, "drop-dark");
    expect(await zone.count()).toBe(1);
    await page.locator("h1").dispatchEvent("dragleave", { dataTransfer: held });
    await zone.waitFor({ state: "detached" });
    const text = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.setData("text/plain", "words");
      return data;
    });
    await body.dispatchEvent("dragenter", { dataTransfer: text });
    await body.dispatchEvent("drop", { dataTransfer: text });
    expect(await zone.count()).toBe(0);
    expect(await page.getByTestId("upload").count()).toBe(0);
  });

  it("that is no sound is refused in plain words", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/415|400|422/);
    const { page } = watched;
    await drop(page, "letter.txt", "text/plain", Buffer.from("Dear reader, this is not a sound.\n".repeat(50)));
    await page.getByTestId("upload").getByRole("alert").getByText("not a sound file").waitFor();
    await inspect(page, "upload-refused");
    await page.getByRole("button", { name: "Take letter.txt off this list" }).click();
    expect(await page.getByTestId("upload").count()).toBe(0);
  });

  it("at a busy server waits as long as the server asks, and says so", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/503/);
    const { page } = watched;
    let refusals = 1;
    await page.route("**/v1/uploads*", async (route) => {
      if (refusals === 0) return await route.continue();
      refusals -= 1;
      await route.fulfill({ status: 503, headers: { "retry-after": "3" }, json: { detail: "busy" } });
    });
    await page.setInputFiles("section[aria-label=Record] input[type=file]", JFK_WAV);
    await page.getByText(/The server is busy\. Trying again in \d sec/).waitFor();
    await inspect(page, "upload-waiting");
    await page.getByRole("link", { name: "Open the conversation" }).waitFor({ timeout: DONE_WITHIN_MS });
  });
});

describe("a part of the page that does not come", () => {
  it("is said to be missing, and loading the page again brings it", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/ERR_FAILED|Failed to fetch|Error/);
    const { page } = watched;
    await page.route("**/queue-page-*.js", (route) => route.abort());
    await page.goto(`${stage.holdfast.origin}/queue`);
    await page.getByRole("alert").getByText("This page met an error").waitFor();
    await inspect(page, "crashed");
    await page.unroute("**/queue-page-*.js");
    await page.getByRole("button", { name: "Load it again" }).click();
    await page.getByRole("heading", { name: "Queue", exact: true }).waitFor();
  });
});

describe("the queue", () => {
  it("shows what gave up and why, and asks again for it", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    // A WAV header with nothing behind it that is sound.
    const broken = Buffer.concat([(await readFile(JFK_WAV)).subarray(0, 20), Buffer.alloc(60_000, 0xff)]);
    await drop(page, "broken.wav", "audio/wav", broken);
    await page.getByTestId("upload").getByRole("alert").waitFor({ timeout: DONE_WITHIN_MS });
    await page.getByRole("link", { name: "Queue" }).click();
    await page.getByRole("heading", { name: "Queue", exact: true }).waitFor();
    await page
      .getByText(/^Nothing waits|in work|wait/)
      .first()
      .waitFor();
    const job = page.getByRole("region", { name: "Gave up" }).getByTestId("job");
    await job.getByText("Transcribing a recording").waitFor();
    await job.getByText("Gave up. Nothing in it could be read as sound.").waitFor();
    await inspect(page, "queue");
    const asked = page.waitForResponse((response) => response.url().endsWith("/retry"));
    await job.getByRole("button", { name: "Ask again: Transcribing a recording" }).click();
    expect((await asked).status()).toBe(202);
    // It gives up for the same reason, and says so.
    await job.getByText("Gave up. Nothing in it could be read as sound.").waitFor({ timeout: DONE_WITHIN_MS });
  });

  it("keeps on show what was said last while the server does not answer, with the time of it", async () => {
    await using watched = await stage.signedIn({ viewport: { width: 390, height: 844 } });
    watched.expectFaults(/503/);
    const { page } = watched;
    let isAway = false;
    await page.route("**/v1/queue", (route) =>
      route.fulfill(isAway ? { status: 503, json: {} } : { json: BUSY_QUEUE }),
    );
    await page.getByRole("link", { name: "Queue" }).click();
    await page.getByText("1 thing in work, 10 wait.").waitFor();
    await page.getByText(/2 new recordings wait: 1 hr 30 min of sound, the first for 10 min/).waitFor();
    await page.getByText("And 7 more.").waitFor();
    await inspect(page, "queue-busy");
    isAway = true;
    await page
      .getByRole("alert")
      .getByText(/This is what it said at/)
      .waitFor({ timeout: 30_000 });
    expect(await page.getByTestId("job").count()).toBe(4);
    isAway = false;
    await page.getByRole("alert").waitFor({ state: "detached", timeout: 30_000 });
  });
});

describe("a conversation", () => {
  it("is found by what was said in it", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const field = page.getByRole("searchbox", { name: "Search conversations" });
    await field.fill("country");
    await page.getByText(/^\d+ conversations?$/).waitFor();
    expect(await page.getByTestId("conversation").count()).toBeGreaterThan(0);
    await field.fill("xylophone");
    await page.getByText("Nothing found for “xylophone”.").waitFor();
    await inspect(page, "search");
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByRole("heading", { name: "Today" }).waitFor();
  });

  it("is renamed and starred with the keyboard, and stays so", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByTestId("conversation").first().getByRole("link").press("Enter");
    await page.getByRole("button", { name: "Rename" }).press("Enter");
    await page.getByLabel("Title").fill("A new name");
    await page.getByLabel("Title").press("Enter");
    await page.getByRole("heading", { name: "A new name" }).waitFor();
    const saved = page.waitForResponse((response) => response.url().includes("/starred"));
    await page.getByRole("button", { name: "Star", exact: true }).press("Space");
    expect((await saved).status()).toBe(200);
    await page.reload();
    await page.getByRole("heading", { name: "A new name" }).waitFor();
    expect(await page.getByRole("button", { name: "Star", exact: true }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("link", { name: "All conversations" }).click();
    await page
      .getByTestId("conversation")
      .filter({ hasText: "A new name" })
      .getByRole("img", { name: "Starred" })
      .waitFor();
  });

  it("is saved as a file in the form that was chosen with the keyboard, and says where that fails", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.getByRole("link", { name: "A new name" }).click();
    const menu = page.getByRole("button", { name: "Save as a file" });
    await menu.press("Enter");
    await expect.poll(() => page.getByRole("menu").evaluate((each) => getComputedStyle(each).opacity)).toBe("1");
    await inspect(page, "export");
    await page.keyboard.press("ArrowDown");
    const saved = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "Subtitles (SRT)" }).press("Enter");
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/A new name.*\.srt$/);
    expect(await readFile(await file.path(), "utf8")).toMatch(/^1\r?\n00:00:\d\d,\d{3} --> [\s\S]*country/i);
    await page.route("**/export?*", (route) => route.fulfill({ status: 500, json: {} }));
    await menu.click();
    await page.getByRole("menuitem", { name: "Markdown" }).click();
    await page.getByRole("alert").getByText("The file could not be made just now.").waitFor();
  });

  it("is told who speaks, which stays and is in the file, and says where that fails", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/500/);
    const { page } = watched;
    await page.getByRole("link", { name: "A new name" }).click();
    const labels = page.getByRole("list", { name: "Transcript" }).getByRole("button");
    await labels.first().press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Person").selectOption("Somebody new");
    await dialog.getByLabel("Name").fill(" Jack  Kennedy ");
    await inspect(page, "who");
    await dialog.getByLabel("Name").press("Enter");
    await dialog.waitFor({ state: "hidden" });
    expect(await labels.first().textContent()).toBe("Jack Kennedy");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Jack Kennedy");
    await page.reload();
    await page.getByRole("button", { name: "Jack Kennedy: say who this is" }).first().waitFor();
    await inspect(page, "named");
    const file = `${stage.holdfast.origin}/v1/conversations/${page.url().split("/").at(-1)}/export?format=txt`;
    const authorization = `Bearer ${stage.holdfast.token}`;
    expect(await (await page.request.get(file, { headers: { authorization } })).text()).toContain("Jack Kennedy");

    await page.route("**/assign-bulk", (route) => route.fulfill({ status: 500, json: {} }));
    await labels.first().click();
    expect(await dialog.getByLabel("Person").locator("option:checked").textContent()).toBe("Jack Kennedy");
    await dialog.getByLabel("Person").selectOption("This is me");
    await dialog.getByLabel("Everything this speaker says").uncheck();
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").getByText("It could not be saved just now.").waitFor();
    await page.unroute("**/assign-bulk");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "hidden" });
    expect(await labels.first().textContent()).toBe("You");
  });

  it("keeps its name when the change is given up with Escape", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByRole("link", { name: "A new name" }).click();
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByLabel("Title").fill("Something else");
    await page.getByLabel("Title").press("Escape");
    await page.getByRole("heading", { name: "A new name" }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Rename");
  });
});

describe.each([
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, hasTouch: true }],
  ["reduced motion", { reducedMotion: "reduce" }],
] as const)("on %s", (name, options) => {
  it("the list and a conversation are in order", async () => {
    await using watched = await stage.signedIn(options);
    const { page } = watched;
    await inspect(page, `${name}-list`);
    const widest = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(widest).toBeLessThanOrEqual(0);
    await page.getByTestId("conversation").first().getByRole("link").click();
    await page.getByRole("heading", { name: "Transcript" }).waitFor();
    await inspect(page, `${name}-conversation`);
  });
});

describe("in other languages", () => {
  const PHONE = { viewport: { width: 390, height: 844 } };

  /** Every address, with what shows that it is there. */
  async function addresses(page: Page): Promise<readonly (readonly [path: string, shown: string])[]> {
    const listed = await page.request.get(`${stage.holdfast.origin}/v1/conversations`, {
      headers: { authorization: `Bearer ${stage.holdfast.token}` },
    });
    const [first] = (await listed.json()) as readonly { readonly id: string }[];
    return [
      ["/", "[data-testid=conversation]"],
      [`/conversations/${first?.id}`, "#summary"],
      ["/queue", "[data-testid=job]"],
      ["/sync", "[data-testid=sync-status-card]"],
      ["/settings", "[data-testid=storage-facts]"],
      ["/settings/tokens", "[data-testid=token]"],
      ["/settings/data", "#delete"],
      ["/settings/server", "[data-testid=server-facts]"],
      ["/settings/speech", "[data-testid=engine]"],
      ["/settings/webhooks", "[data-testid=webhook]"],
      ["/settings/fair-use", "[data-testid=flagged] p:last-child"],
      ["/settings/model", "[data-testid=language-model]"],
      ["/settings/developer", "#facts"],
      ["/nowhere", "main h1"],
    ];
  }

  it("every address is in Arabic, from right to left, on a phone", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await page.route("**/v1/queue", (route) => route.fulfill({ json: BUSY_QUEUE }));
    let query = "?lang=ar";
    for (const [path, shown] of await addresses(page)) {
      await page.goto(`${stage.holdfast.origin}${path}${query}`);
      await page.locator(shown).first().waitFor();
      // Once said, it holds for the visit.
      query = "";
      expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual([
        "ar",
        "rtl",
      ]);
      expect(await page.title()).toMatch(path === "/" ? /^Holdfast$/ : / · Holdfast$/);
      const widest = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(widest, path).toBeLessThanOrEqual(0);
      await inspect(page, `ar${path.replaceAll("/", "-")}`);
    }
  });

  it("nothing at any address is left untranslated", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await page.route("**/v1/queue", (route) => route.fulfill({ json: BUSY_QUEUE }));
    for (const [path, shown] of await addresses(page)) {
      await page.goto(`${stage.holdfast.origin}${path}?lang=en-XA`);
      await page.locator(shown).first().waitFor();
      expect(await page.evaluate(plainWords), path).toEqual([]);
    }
    await page.evaluate(() => localStorage.removeItem("holdfast.token"));
    await page.reload();
    await page.getByRole("textbox").waitFor();
    expect(await page.evaluate(plainWords)).toEqual([]);
  });

  it("the first thing that is drawn is in the language of the browser", async () => {
    const before = `new MutationObserver(() => {
      const text = document.getElementById("root")?.textContent ?? "";
      if (text !== "") globalThis.first ??= document.documentElement.dir + " " + text;
    }).observe(document, { childList: true, subtree: true, characterData: true })`;
    await using watched = await stage.page({ before, locale: "ar-EG" });
    const { page } = watched;
    await page.goto(stage.holdfast.link);
    await page.getByRole("button", { name: "تسجيل", exact: true }).waitFor();
    expect(await page.evaluate("first")).toMatch(/^rtl انتقل إلى المحتوى/);
  });

  it("one is chosen in the settings, at once and for good", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByLabel("Language").selectOption("Deutsch");
    await page.getByRole("heading", { name: "Einstellungen" }).waitFor();
    await page.reload();
    await page.getByLabel("Sprache").selectOption("العربية");
    await page.getByRole("heading", { name: "الإعدادات" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
    await inspect(page, "ar-settings-chosen");
    await page.getByLabel("اللغة").selectOption("");
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dir)).toBe("ltr");
  });
});

it("an address that leads nowhere says so", async () => {
  await using watched = await stage.signedIn();
  const { page } = watched;
  await page.goto(`${stage.holdfast.origin}/nowhere`);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  await inspect(page, "not-found");
});

describe("at last, the conversation", () => {
  it("is deleted only after asking", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await page.getByRole("link", { name: "A new name" }).click();
    const address = page.url();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByText("Delete this conversation?").waitFor();
    await inspect(page, "delete");
    await page.getByRole("button", { name: "Keep it" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Record", exact: true }).waitFor();
    await page.getByRole("link", { name: "A new name" }).waitFor({ state: "detached" });
    watched.expectFaults(/404/);
    await page.goto(address);
    await page.getByRole("heading", { name: "This conversation is gone" }).waitFor();
    await inspect(page, "gone");
  });
});

// Deletes the account at its end.
describeSettings(() => stage);
