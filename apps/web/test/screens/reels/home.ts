/** Signing in, recording, the list and a conversation. */
import { JFK_WAV } from "../../holdfast.ts";
import { files, reel, WORDS_WITHIN } from "../reel.ts";

const signIn = reel({
  scenes: {
    "sign-in": "Signing in: where the link is",
    "sign-in-refused": "Signing in with a token that is not valid",
  },
  isSignedOut: true,
  async run({ stage, page, take }) {
    await page.goto(stage.holdfast.origin);
    await page.getByLabel("Link or token").waitFor();
    await take("sign-in");
    await page.getByLabel("Link or token").fill("hf_of_another_server");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await take("sign-in-refused");
  },
});

const recorded = reel({
  scenes: {
    "home-empty": "The first look at a new server",
    "home-uploading": "A dropped file on its way",
    recording: "Recording, with live words",
    conversation: "A conversation with its summary",
    "conversation-menu": "Saving a conversation as a file",
    "conversation-who": "Saying who speaks",
    "conversation-share": "Sharing a conversation by link",
    "conversation-reprocess": "Before a conversation is written up again",
    "conversation-delete": "Before a conversation is deleted",
    home: "The list of conversations",
    "home-sources": "Choosing a microphone, and the sound of a tab",
    "home-nothing-found": "A search that finds nothing",
  },
  async run({ page, take }) {
    await page.getByText("Nothing here yet").waitFor();
    await take("home-empty");
    await files(page).setInputFiles(JFK_WAV);
    await page.getByTestId("upload").waitFor();
    await take("home-uploading");
    await page.getByRole("link", { name: "Open the conversation" }).waitFor(WORDS_WITHIN);
    await page.getByRole("button", { name: /^Take .* off this list$/ }).click();

    await page.getByRole("button", { name: "Record", exact: true }).click();
    const words = page.getByTestId("live-segment").filter({ hasText: /do for your country/i });
    await words.first().waitFor(WORDS_WITHIN);
    await take("recording");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByRole("heading", { name: "Summary" }).waitFor(WORDS_WITHIN);
    await take("conversation");
    await page.getByRole("button", { name: "Save as a file" }).click();
    await page.getByRole("menu").waitFor();
    await take("conversation-menu");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "hidden" });
    await page
      .getByRole("button", { name: /say who this is/ })
      .first()
      .click();
    await page.getByRole("dialog").waitFor();
    await take("conversation-who");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Share" }).click();
    await page.getByRole("dialog").waitFor();
    await take("conversation-share");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Write it up again" }).click();
    await page.getByRole("dialog").waitFor();
    await take("conversation-reprocess");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").waitFor();
    await take("conversation-delete");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "All conversations" }).click();
    await page.getByTestId("conversation").nth(1).waitFor();
    await take("home");
    await page.getByRole("button", { name: "Microphone and shared sound" }).click();
    await page.getByLabel("Microphone", { exact: true }).or(page.getByRole("menu")).first().waitFor();
    await take("home-sources");
    await page.keyboard.press("Escape");
    await page.getByRole("searchbox").fill("xylophone");
    await page.getByText("Nothing found for").waitFor();
    await take("home-nothing-found");
  },
});

const reconnecting = reel({
  scenes: {
    "recording-reconnecting": "Recording while the server is away: the sound is kept",
    "recording-elsewhere": "Another page while a recording goes on",
  },
  async run({ stage, page, take }) {
    let isAway = false;
    await page.routeWebSocket(/\/v4\/listen/, (socket) => {
      if (isAway) void socket.close();
      else socket.connectToServer();
    });
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByTestId("live-segment").first().waitFor(WORDS_WITHIN);
    isAway = true;
    stage.holdfast.kill("gateway");
    await page.getByText("the sound is kept here and sent as soon as it is back").waitFor();
    await take("recording-reconnecting");
    isAway = false;
    await page
      .getByText("the sound is kept here and sent as soon as it is back")
      .waitFor({ state: "hidden", ...WORDS_WITHIN });
    await page.locator("[data-testid=conversation][data-state=completed]").first().getByRole("link").click();
    await page.getByRole("heading", { name: "Summary" }).waitFor(WORDS_WITHIN);
    await take("recording-elsewhere");
    await page.getByRole("link", { name: /^Recording / }).click();
    await page.getByRole("button", { name: "Stop recording" }).click();
    // It ends in its conversation, or at home where the rest goes up afterwards.
    const record = page.getByRole("button", { name: "Record", exact: true });
    await record.or(page.getByRole("heading", { name: "Summary" })).waitFor(WORDS_WITHIN);
  },
});

const blocked = reel({
  scenes: { "microphone-blocked": "A microphone that is blocked" },
  options: {
    before: `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"))`,
  },
  async run({ page, take }) {
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await take("microphone-blocked");
  },
});

const full = reel({
  scenes: { "no-room": "A device that has no room for a recording" },
  options: { before: "navigator.storage.estimate = () => Promise.resolve({ usage: 0, quota: 100_000_000 })" },
  async run({ page, take }) {
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await take("no-room");
  },
});

const away = reel({
  scenes: {
    "home-unreachable": "The list, where the server can't be reached",
    "conversation-gone": "A conversation that is gone",
    "not-found": "An address that leads nowhere",
    crashed: "A page that met an error",
  },
  async run({ stage, page, take }) {
    await page.route(/\/v1\/conversations/, (route) => route.abort());
    await page.reload();
    await page.getByText("The server can't be reached").waitFor(WORDS_WITHIN);
    await take("home-unreachable");
    await page.unroute(/\/v1\/conversations/);
    await page.goto(`${stage.holdfast.origin}/conversations/none`);
    await page.getByText("This conversation is gone").waitFor();
    await take("conversation-gone");
    await page.goto(`${stage.holdfast.origin}/nowhere`);
    await page.getByText("There is nothing here").waitFor();
    await take("not-found");
    await page.route("**/queue-page-*.js", (route) => route.abort());
    await page.goto(`${stage.holdfast.origin}/queue`);
    await page.getByText("This page met an error").waitFor();
    await take("crashed");
  },
});

export const HOME = [signIn, recorded, reconnecting, blocked, full, away];
