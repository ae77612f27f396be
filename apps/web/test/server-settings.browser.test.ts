/**
 * Speech, language model, webhooks and fair use as settings, in a real browser against the whole server: what is set holds at
 * once, what is refused says why, a key comes back nowhere, and who does not own the server sees nothing of what its owner sets.
 */
import { readFile } from "node:fs/promises";
import { type ScriptedLlm, startScriptedLlm } from "@holdfast/testkit/llm";
import { type Receiver, startReceiver } from "@holdfast/testkit/receiver";
import { type ScriptedDeepgram, startScriptedDeepgram } from "@holdfast/testkit/stt";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JFK_WAV } from "./holdfast.ts";
import { inspect, Stage } from "./stage.ts";

const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: "dark" } as const;
const DONE_WITHIN_MS = 90_000;
const KEY = "sk-seen-nowhere-again";
const GOOD = { title: "A speech to the nation", overview: "He asks them to serve.", category: "other", discard: false };

let stage: Stage;
let deepgram: ScriptedDeepgram;
let llm: ScriptedLlm;
let receiver: Receiver;

beforeAll(async () => {
  [deepgram, llm, receiver] = await Promise.all([
    startScriptedDeepgram({ transcripts: ["Ich bin ein Berliner."] }),
    startScriptedLlm(),
    startReceiver(),
  ]);
  stage = await Stage.open(
    { wav: JFK_WAV },
    {
      HOLDFAST_STT: `embedded,deepgram+${deepgram.url}`,
      HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1",
      FAIR_USE_ENABLED: "true",
    },
  );
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await Promise.all([deepgram?.close(), llm?.[Symbol.asyncDispose](), receiver?.[Symbol.asyncDispose]()]);
});

async function openSetting(page: Page, name: RegExp): Promise<void> {
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name }).click();
}

/** A recording that the server does not know yet: the same sound with another last sample. */
async function upload(page: Page, lastSample: number): Promise<void> {
  const buffer = await readFile(JFK_WAV);
  buffer.writeInt16LE(lastSample, buffer.length - 2);
  await page.getByRole("link", { name: "Holdfast" }).click();
  const file = { name: `speech-${lastSample}.wav`, mimeType: "audio/wav", buffer };
  await page.setInputFiles("section[aria-label=Record] input[type=file]", file);
  await page.getByRole("link", { name: "Open the conversation" }).click({ timeout: DONE_WITHIN_MS });
}

const notWider = async (page: Page): Promise<void> =>
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);

describe("the language model", () => {
  it("is set, tried out, writes the next summary, and keeps its key to itself", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/422/);
    const { page } = watched;
    const answers: string[] = [];
    page.on(
      "response",
      (response) =>
        void response.text().then(
          (text) => answers.push(text),
          () => {},
        ),
    );
    await openSetting(page, /^Language model/);
    await page.getByText("None; summaries are made of sentences from the transcript").waitFor();
    await page.getByLabel("Address", { exact: true }).fill("localhost");
    await page.getByLabel("Model", { exact: true }).fill("tiny");
    await page.getByLabel("Key", { exact: true }).fill(KEY);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The address must begin with http:// or https://").waitFor();
    await inspect(page, "model-refused");
    await page.getByLabel("Address", { exact: true }).fill(llm.url);
    await page.getByLabel("Address", { exact: true }).press("Enter");
    await page.getByText("Saved", { exact: true }).waitFor();
    await page.getByText("A key is set, and is never shown.").waitFor();
    expect(await page.getByLabel("Key", { exact: true }).inputValue()).toBe("");

    llm.script({ kind: "status", status: 401 });
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByRole("alert").getByText("It refused the key.").waitFor();
    await inspect(page, "model-test-failed");
    llm.script({ kind: "json", answer: GOOD });
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText(/^It summarised a test in .*: “A speech to the nation”$/).waitFor();
    await inspect(page, "model-test-answered");
    expect(llm.requests.at(-1)).toMatchObject({ authorization: `Bearer ${KEY}`, model: "tiny" });

    await upload(page, 1);
    await page.getByRole("heading", { name: GOOD.title }).waitFor({ timeout: DONE_WITHIN_MS });
    expect(answers.join()).toContain(llm.url);
    expect(answers.join()).not.toContain(KEY);
  });

  it("asks for a key anew where the host is another one, and is removed", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await openSetting(page, /^Language model/);
    await page.getByText("A key is set, and is never shown.").waitFor();
    await page.getByLabel("Address", { exact: true }).fill("http://localhost:11434/v1");
    await page.getByText("Another host needs its own.").waitFor();
    await page.getByLabel("Address", { exact: true }).fill(llm.url);
    await page.getByLabel("Remove the key").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("No key is set.").waitFor();
    await notWider(page);
    await inspect(page, "model-phone");
    await page.getByRole("button", { name: "Go without it" }).click();
    await page.getByText("None; summaries are made of sentences from the transcript").waitFor();
    expect(await page.getByRole("button", { name: "Test" }).count()).toBe(0);
  });

  it("that is in the environment cannot be changed, and that is said", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    const json = { origin: "environment", url: "llm.example", model: "big", has_key: true };
    await page.route("**/v1/settings/language-model", (route) => route.fulfill({ json }));
    await openSetting(page, /^Language model/);
    await page.getByText("llm.example · big").waitFor();
    await page.getByText("It is set by HOLDFAST_LLM_URL where the server is started.").waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    await inspect(page, "model-environment");
  });
});

describe("speech", () => {
  it("is heard in the language and by the engine that were chosen, at once", async () => {
    await using watched = await stage.signedIn({ permissions: ["microphone"] });
    const { page } = watched;
    await openSetting(page, /^Speech/);
    const engines = page.getByTestId("engine");
    await engines.first().waitFor();
    expect(await engines.count()).toBe(2);
    expect(await engines.first().textContent()).toMatch(/Built in · base.*Languages: English.*Answers/);
    await page.getByLabel("You speak").selectOption("German");
    await page.getByText("Saved", { exact: true }).waitFor();
    await page.getByLabel("Ask first").selectOption({ label: new URL(deepgram.url).host });
    await expect.poll(() => engines.first().textContent()).toContain(new URL(deepgram.url).host);
    await inspect(page, "speech");
    await page.reload();
    expect(await page.getByLabel("You speak").locator("option:checked").textContent()).toBe("German");
    await page.getByRole("link", { name: "Holdfast" }).click();
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByTestId("live-segment").getByText("Ich bin ein Berliner.").waitFor({ timeout: DONE_WITHIN_MS });
    expect(deepgram.connections.at(-1)?.query.get("language")).toBe("de");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByRole("heading", { name: "Transcript" }).waitFor({ timeout: DONE_WITHIN_MS });
  });

  it("in a language that no engine knows says so", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    await page.route("**/v1/settings/speech", async (route) => {
      const response = await route.fetch();
      const speech = (await response.json()) as { engines: { kind: string }[] };
      const engines = speech.engines.filter(({ kind }) => kind === "embedded");
      await route.fulfill({ json: { ...speech, engines, may_choose_engine: false } });
    });
    await openSetting(page, /^Speech/);
    await page.getByText("No speech engine of this server knows this language").waitFor();
    expect(await page.getByLabel("Ask first").count()).toBe(0);
    await notWider(page);
    await inspect(page, "speech-unknown");
    await page.getByLabel("You speak").selectOption("Not said");
    await page.getByText("Saved", { exact: true }).waitFor();
    expect(await page.getByText("No speech engine of this server knows this language").count()).toBe(0);
  });
});

describe("webhooks", () => {
  const card = (page: Page, name: string) => page.getByTestId("webhook").filter({ hasText: name });

  it("are set, refused with the reason, told of, and say what became of the last message", async () => {
    await using watched = await stage.signedIn();
    watched.expectFaults(/422/);
    const { page } = watched;
    await openSetting(page, /^Webhooks/);
    const finished = card(page, "Finished conversations");
    const refuse = async (address: string, why: string): Promise<void> => {
      await finished.getByLabel("Address", { exact: true }).fill(address);
      await finished.getByRole("button", { name: "Save" }).click();
      await finished.getByText(why).waitFor();
    };
    await refuse("over there", "The address must begin with http:// or https://.");
    await refuse(
      "http://10.0.0.1/x",
      "The address is in a private network. HOLDFAST_WEBHOOK_ALLOW_PRIVATE can allow it.",
    );
    await refuse("https://a:b@example.com", "The address must not hold a user name or password.");
    await inspect(page, "webhooks-refused");
    await finished.getByLabel("Address", { exact: true }).fill(receiver.url);
    await finished.getByLabel("Address", { exact: true }).press("Enter");
    await finished.getByText("Nothing was sent to it yet.").waitFor();
    expect(await finished.getByLabel("Send to this address").isChecked()).toBe(true);

    receiver.script(410);
    await upload(page, 2);
    await expect.poll(() => receiver.received.length, { timeout: DONE_WITHIN_MS }).toBe(1);
    await openSetting(page, /^Webhooks/);
    await finished.getByText(/^The message at .* did not arrive\. The address answered 410\.$/).waitFor();
    await finished.getByLabel("Send to this address").uncheck();
    await expect.poll(async () => (await webhooks(page))[0]).toMatchObject({ enabled: false, url: receiver.url });
    await inspect(page, "webhooks");
    await finished.getByLabel("Address", { exact: true }).fill("");
    await finished.getByRole("button", { name: "Save" }).click();
    await finished.getByLabel("Send to this address").waitFor({ state: "detached" });
  });

  it("for sound say how much of it a message holds", async () => {
    await using watched = await stage.signedIn(PHONE);
    watched.expectFaults(/422/);
    const { page } = watched;
    await openSetting(page, /^Webhooks/);
    const sound = card(page, "Sound, while you speak");
    await sound.getByLabel("Address", { exact: true }).fill(receiver.url);
    await sound.getByLabel("Seconds of sound in a message").fill("999");
    await sound.getByRole("button", { name: "Save" }).click();
    await sound.getByText("The number of seconds must be from 1 to 120.").waitFor();
    await sound.getByLabel("Seconds of sound in a message").fill("10");
    await sound.getByRole("button", { name: "Save" }).click();
    await sound.getByText("Saved", { exact: true }).waitFor();
    expect((await webhooks(page))[2]).toMatchObject({ url: receiver.url, every_seconds: 10, enabled: true });
    await card(page, "Summaries of a day").getByText("This server makes none, so nothing is sent.").waitFor();
    await notWider(page);
    await inspect(page, "webhooks-phone");
    await sound.getByLabel("Address", { exact: true }).fill("");
    await sound.getByRole("button", { name: "Save" }).click();
    await expect.poll(async () => (await webhooks(page))[2]).toMatchObject({ url: "" });
  });

  it("are signed with a secret that is shown when somebody asks, and made anew after asking back", async () => {
    await using watched = await stage.signedIn();
    const { page } = watched;
    await openSetting(page, /^Webhooks/);
    const field = page.getByRole("textbox", { name: "Signing secret" });
    await page.getByRole("button", { name: "Show the secret" }).click();
    await field.waitFor();
    const before = await field.inputValue();
    expect(before).toMatch(/^whsec_\S{40,}$/);
    await page.getByRole("button", { name: "Make a new secret" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("What was signed with the old secret counts no more").waitFor();
    await inspect(page, "webhooks-secret");
    await dialog.getByRole("button", { name: "Make a new secret" }).click();
    await dialog.waitFor({ state: "hidden" });
    await expect.poll(() => field.inputValue()).not.toBe(before);
  });

  async function webhooks(page: Page): Promise<readonly unknown[]> {
    const headers = { authorization: `Bearer ${stage.holdfast.token}` };
    const response = await page.request.get(`${stage.holdfast.origin}/v1/users/developer/webhooks`, { headers });
    return (await response.json()) as readonly unknown[];
  }
});

describe("fair use and who owns the server", () => {
  it("the owner sees whom it noticed, and sets another stage or resets it", async () => {
    await using watched = await stage.signedIn(PHONE);
    const { page } = watched;
    const headers = { authorization: `Bearer ${stage.holdfast.token}` };
    const at = `${stage.holdfast.origin}/v1/admin/fair-use/user/anna`;
    expect((await page.request.post(`${at}/set-stage?stage=warning`, { headers })).status()).toBe(200);
    await openSetting(page, /^Fair use/);
    await page.getByText("Your use is within the limits.").waitFor();
    await page.getByText("The limits are enforced.").waitFor();
    const account = page.getByTestId("account");
    const chosen = account.getByLabel("Stage of anna");
    expect(await chosen.locator("option:checked").textContent()).toBe("Noticed");
    await chosen.selectOption("Restricted");
    const stageOf = async () => ((await (await page.request.get(at, { headers })).json()) as Shown).state.stage;
    await expect.poll(stageOf).toBe("restrict");
    await notWider(page);
    await inspect(page, "fair-use");

    const anna = await stage.holdfast.tokenOf("anna");
    await using other = await stage.page();
    await other.page.goto(`${stage.holdfast.origin}/#token=${anna}`);
    await openSetting(other.page, /^Fair use/);
    await other.page.getByText("Transcription is limited to a daily budget for now.").waitFor();
    await other.page.getByText("Less than a minute of 30 min").waitFor();
    expect(await other.page.getByTestId("flagged").count()).toBe(0);
    await inspect(other.page, "fair-use-restricted");

    await account.getByRole("button", { name: "Reset" }).click();
    await page.getByText("There are none.").waitFor();
    expect(await stageOf()).toBe("none");
  });

  it("somebody else is not shown what only the owner sets", async () => {
    await using watched = await stage.page();
    watched.expectFaults(/403/);
    const { page } = watched;
    await page.goto(`${stage.holdfast.origin}/#token=${await stage.holdfast.tokenOf("bob")}`);
    await openSetting(page, /^Speech/);
    await page.getByTestId("engine").first().waitFor();
    expect(await page.getByLabel("Ask first").count()).toBe(0);
    await page.getByRole("link", { name: "Settings", exact: true }).first().click();
    await page.getByRole("link", { name: /^Webhooks/ }).waitFor();
    expect(await page.getByRole("link", { name: /^Language model/ }).count()).toBe(0);
    await page.goto(`${stage.holdfast.origin}/settings/model`);
    await page.getByText("Only the owner of this server can set this.").waitFor();
    await page.goto(`${stage.holdfast.origin}/settings/data`);
    await page.getByRole("button", { name: "Delete everything" }).click();
    await page.getByRole("dialog").getByLabel("Type “bob” to confirm").waitFor();
    expect(await page.getByRole("dialog").getByText("This server is yours").count()).toBe(0);
  });
});

interface Shown {
  readonly state: { readonly stage: string };
}
