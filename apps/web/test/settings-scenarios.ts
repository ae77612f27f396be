/** What the settings do with the account, in a real browser against the whole server. The last one deletes it. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { qrPath } from "../src/settings/qr-path.ts";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, type Stage } from "./stage.ts";

const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;

export function describeSettings(stage: () => Stage): void {
  describe("access tokens", () => {
    it("one is made, lets another browser in, and shuts it out again when that one revokes it", async () => {
      const { origin } = stage().holdfast;
      await using watched = await stage().signedIn();
      const { page } = watched;
      await openSetting(page, /^Access tokens/);
      await page.getByTestId("token").getByText("This browser").waitFor();
      const token = await makeToken(page, "My phone", "After 30 days");
      expect(await page.getByRole("textbox", { name: "API base URL" }).inputValue()).toBe(`${origin}/`);
      expect(
        await page
          .getByRole("img", { name: /^Scan this code/ })
          .locator("path")
          .getAttribute("d"),
      ).toBe(qrPath(`${origin}/#token=${token}`).path);
      expect(await tokenRow(page, "My phone").locator("time").count()).toBe(2);
      await inspect(page, "settings-tokens");

      await using other = await stage().page(PHONE);
      const phone = other.page;
      await phone.goto(`${origin}/#token=${token}`);
      await openSetting(phone, /^Access tokens/);
      const own = tokenRow(phone, "My phone");
      await own.getByText("This browser").waitFor();
      await own.getByRole("button", { name: "Revoke My phone" }).click();
      await phone.getByRole("dialog").getByText("you are signed out here").waitFor();
      await inspect(phone, "settings-tokens-revoke");
      await phone.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await phone.getByRole("heading", { name: "Open your sign-in link" }).waitFor();

      await page.reload();
      await page.getByTestId("token").getByText("This browser").waitFor();
      expect(await tokenRow(page, "My phone").count()).toBe(0);
      await inspect(page, "settings-tokens-list");
    });

    it("another one than that of this browser is revoked, and this browser stays signed in", async () => {
      await using watched = await stage().page({ ...PHONE, permissions: ["clipboard-read", "clipboard-write"] });
      const { page } = watched;
      await page.goto(stage().holdfast.link);
      await openSetting(page, /^Access tokens/);
      const token = await makeToken(page, "My tablet", "When you revoke it");
      await page.getByRole("button", { name: "Copy Bearer token" }).click();
      await page.getByText("Copied", { exact: true }).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
      await page.locator("section svg").scrollIntoViewIfNeeded();
      await inspect(page, "settings-tokens-phone");
      const headers = { authorization: `Bearer ${token}` };
      const status = async (): Promise<number> =>
        (await page.request.get(`${stage().holdfast.origin}/v1/users/me`, { headers })).status();
      expect(await status()).toBe(200);
      await tokenRow(page, "My tablet").getByRole("button", { name: "Revoke My tablet" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
      await tokenRow(page, "My tablet").waitFor({ state: "detached" });
      expect(await status()).toBe(401);
      await page.getByTestId("token").getByText("This browser").waitFor();
    });
  });

  it("the server says what it is, and where that is set", async () => {
    await using watched = await stage().signedIn(PHONE);
    const { page } = watched;
    await openSetting(page, /^This server/);
    const facts = page.getByTestId("server-facts");
    await facts.getByText("Built in · base").waitFor();
    await facts.getByText("Set by HOLDFAST_STT and HOLDFAST_MODEL.").waitFor();
    const widest = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(widest).toBeLessThanOrEqual(0);
    await inspect(page, "settings-server");
  });

  describe("the data of an account", () => {
    it("are downloaded as one file", async () => {
      await using watched = await stage().signedIn();
      const { page } = watched;
      await openSetting(page, /^Your data/);
      const began = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download everything" }).click();
      const download = await began;
      expect(download.suggestedFilename()).toMatch(/^holdfast-export-[\d-]+\.zip$/);
      expect((await readFile(await download.path())).subarray(0, 2).toString()).toBe("PK");
      await inspect(page, "settings-data");
    });

    it("go for good when the account's name is typed, and here only where that is ticked", async () => {
      await using watched = await stage().signedIn(PHONE);
      watched.expectFaults(/503/);
      const { page } = watched;
      const busy = { status: 503, headers: { "retry-after": "60" }, json: { detail: "busy" } };
      await page.route(/\/v1\/uploads|\/v2\/sync-local-files/, (route) => route.fulfill(busy));
      await page.setInputFiles("section[aria-label=Record] input[type=file]", JFK_WAV);
      await page.getByText("The server is busy.").first().waitFor();
      expect(await page.evaluate(bytesKept)).toBeGreaterThan(300_000);

      await openSetting(page, /^Your data/);
      await page.getByRole("button", { name: "Delete everything" }).click();
      const dialog = page.getByRole("dialog");
      await dialog
        .getByText("its next start makes a new, empty account, which the token in owner.token opens")
        .waitFor();
      const name = dialog.getByLabel("Type “owner” to confirm");
      const remove = dialog.getByRole("button", { name: "Delete everything" });
      await name.fill("owne");
      expect(await remove.isDisabled()).toBe(true);
      await name.press("Enter");
      await name.fill("owner");
      await dialog.getByLabel(/1 of them was not synced and would be lost/).check();
      await inspect(page, "settings-delete");

      await page.route("**/v1/users/delete-account*", (route) => route.fulfill(busy), { times: 1 });
      await remove.click();
      await dialog.getByRole("alert").getByText("That did not work. The server is busy.").waitFor();
      expect(await page.evaluate(bytesKept)).toBeGreaterThan(300_000);
      await remove.click();
      await page.getByRole("heading", { name: "Open your sign-in link" }).waitFor();
      expect(await page.evaluate(() => localStorage.getItem("holdfast.token"))).toBeNull();
      await expect.poll(() => page.evaluate(bytesKept)).toBeLessThan(300_000);
      const headers = { authorization: `Bearer ${stage().holdfast.token}` };
      expect((await page.request.get(`${stage().holdfast.origin}/v1/users/me`, { headers })).status()).toBe(401);
    });
  });
}

async function openSetting(page: Page, name: RegExp): Promise<void> {
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name }).click();
}

async function makeToken(page: Page, name: string, ends: string): Promise<string> {
  await page.getByLabel("Name of a new token").fill(name);
  await page.getByLabel("Ends").selectOption(ends);
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = await page.getByRole("textbox", { name: "Bearer token" }).inputValue();
  expect(token).toMatch(/^hf_\S{20,}$/);
  await tokenRow(page, name).waitFor();
  return token;
}

function tokenRow(page: Page, name: string): Locator {
  return page.getByTestId("token").filter({ hasText: name });
}

/** How much is in the files of this browser. Runs in the page itself. */
async function bytesKept(): Promise<number> {
  const count = async (folder: FileSystemDirectoryHandle): Promise<number> => {
    let bytes = 0;
    const handles = (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values();
    for await (const handle of handles) {
      if (handle.kind === "directory") bytes += await count(handle as FileSystemDirectoryHandle);
      // A file may be on its way out.
      else
        bytes += await (handle as FileSystemFileHandle).getFile().then(
          ({ size }) => size,
          () => 0,
        );
    }
    return bytes;
  };
  return await count(await navigator.storage.getDirectory());
}
