/** The settings, and what the server works on. */
import { busyQueue } from "../../busy-queue.ts";
import { openSettings, reel } from "../reel.ts";

const queue = reel({
  scenes: {
    "queue-quiet": "A server with nothing to do",
    "queue-busy": "A server with much to do",
    "queue-gave-up": "Work that gave up, and why",
  },
  async run({ page, take }) {
    await page.getByRole("link", { name: "Queue" }).click();
    await page.getByText("Nothing waits, and nothing is in work.").waitFor();
    await take("queue-quiet");
    const busy = busyQueue();
    let said: object = busy;
    await page.route("**/v1/queue", (route) => route.fulfill({ json: said }));
    await page.getByText("1 thing in work, 10 wait.").waitFor({ timeout: 30_000 });
    await take("queue-busy");
    const [job] = busy.jobs;
    const gaveUp = { ...job, id: "5", state: "dead_letter", stage: null, attempts: 3, reason_code: "stt_unreachable" };
    said = { ...busy, gave_up: [gaveUp] };
    await page.getByRole("region", { name: "Gave up" }).waitFor({ timeout: 30_000 });
    await take("queue-gave-up");
  },
});

const settings = reel({
  scenes: {
    settings: "Settings",
    "settings-tokens": "Access tokens, with a new one to scan",
    "settings-revoke": "Before a token is revoked",
    "settings-speech": "What is spoken, and the engines that hear it",
    "settings-model": "The language model, as its owner sets it",
    "settings-webhooks": "Webhooks",
    "settings-fair-use": "Fair use: one's own, and accounts above the limits",
    "settings-server": "This server: what runs on it, and its limits",
    "settings-data": "The data of an account",
    "settings-delete": "Before everything is deleted",
    "settings-developer": "For developers: a log, a pause to try out, facts",
  },
  async run({ page, take }) {
    await openSettings(page);
    await take("settings");
    // A real token, even of a server that is gone, is nothing for a picture.
    await page.route("**/v1/users/tokens", async (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      const response = await route.fetch();
      const json = { ...((await response.json()) as object), token: `hf_${"example".repeat(5)}` };
      await route.fulfill({ response, json });
    });
    await openSettings(page, /^Access tokens/);
    await page.getByLabel("Name of a new token").fill("My phone");
    await page.getByRole("button", { name: "Make a token" }).click();
    await page.getByRole("img", { name: /^Scan this code/ }).waitFor();
    await take("settings-tokens");
    await page.getByRole("button", { name: "Revoke My phone" }).click();
    await page.getByRole("dialog").waitFor();
    await take("settings-revoke");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await openSettings(page, /^Speech/);
    await page.getByTestId("engine").first().waitFor();
    await take("settings-speech");
    await openSettings(page, /^Language model/);
    await page.getByLabel("Address", { exact: true }).waitFor();
    await take("settings-model");
    await openSettings(page, /^Webhooks/);
    await page.getByTestId("webhook").first().waitFor();
    await take("settings-webhooks");
    await openSettings(page, /^Fair use/);
    await page.getByRole("heading", { name: "Accounts above the limits" }).waitFor();
    await take("settings-fair-use");
    await openSettings(page, /^This server/);
    await page.getByTestId("server-facts").waitFor();
    await take("settings-server");
    await openSettings(page, /^Your data/);
    await page.getByRole("button", { name: "Download everything" }).waitFor();
    await take("settings-data");
    await page.getByRole("button", { name: "Delete everything" }).click();
    await page.getByRole("dialog").waitFor();
    await take("settings-delete");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await openSettings(page, /^Developer/);
    await page.getByLabel("Write down what syncing does").check();
    await page.getByText("Ready", { exact: true }).waitFor();
    await take("settings-developer");
  },
});

export const SETTINGS = [queue, settings];
