/** The page of recordings, with every card that it can show and rows of every kind. */
import type { Route } from "playwright-core";
import { card, reel, WORDS_WITHIN, withUploads } from "../reel.ts";

/** What the server is said to do with each of the recordings, the newest first; too old are all from there on. */
const FATES = ["works on it", "fails", "refuses it", "cannot use it", "is done", "is too old"] as const;

const offline = reel({
  scenes: {
    "recording-offline": "Recording without a network: the sound is kept",
    "recording-kept": "A recording that was stopped without a network",
    "sync-waiting-internet": "Recordings that wait for the network",
  },
  async run({ page, take }) {
    await page.getByTestId("sync-sign").click();
    await card(page, "all_synced").waitFor();
    await page.getByRole("link", { name: "Holdfast" }).click();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await page.getByText("the sound is kept here and sent as soon as it is back").waitFor();
    await take("recording-offline");
    await page.getByRole("button", { name: "Stop recording" }).click();
    await page.getByText("The recording is kept on this device").waitFor(WORDS_WITHIN);
    await take("recording-kept");
    await page.getByRole("link", { name: "See where it is" }).click();
    await card(page, "waiting_internet").waitFor();
    await take("sync-waiting-internet");
  },
});

const uploading = reel({
  scenes: {
    "sync-empty": "Nothing to sync",
    "sync-uploading": "An upload under way",
    "sync-cancel": "Before a sync is cancelled",
    "sync-info": "How syncing works, and what each state means",
    "sync-storage": "Clearing what is kept on the device",
  },
  async run({ page, take }) {
    await page.getByTestId("sync-sign").click();
    await card(page, "all_synced").waitFor();
    await take("sync-empty");
    await page.getByRole("link", { name: "Holdfast" }).click();
    // No answer comes.
    await withUploads(page, 3, () => undefined);
    await card(page, "uploading").waitFor();
    await take("sync-uploading");
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await take("sync-cancel");
    await page.getByRole("button", { name: "Keep syncing" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "How syncing works", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await take("sync-info");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Manage storage", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    await take("sync-storage");
  },
});

const paused = (reason: "fair_use" | "backfill_capacity", state: "limited_fair_use" | "limited_busy") =>
  reel({
    scenes: { [`sync-${state}`]: `A pause: ${reason === "fair_use" ? "the limit is reached" : "the server is busy"}` },
    async run({ page, take }) {
      const headers = { "retry-after": "1500", "x-omi-rate-limit-reason": reason };
      await withUploads(page, 3, (route) => route.fulfill({ status: 429, headers, json: { detail: "wait" } }));
      await card(page, state).waitFor();
      await take(`sync-${state}`);
    },
  });

const faulty = reel({
  scenes: { "sync-ready": "Recordings that are ready after a try that did not work" },
  async run({ page, take }) {
    await withUploads(page, 3, (route) => route.fulfill({ status: 500, json: {} }));
    await card(page, "ready").getByText("The last try did not work").waitFor();
    await take("sync-ready");
  },
});

const rows = reel({
  scenes: {
    "sync-processing": "The server works on it; rows of every kind",
    "sync-attention": "Recordings that need a person",
    "sync-delete": "Before sound is deleted that no conversation has",
  },
  async run({ page, take }) {
    let isOver = false;
    let sent = 0;
    const answer = (route: Route): Promise<void> => {
      const { pathname } = new URL(route.request().url());
      if (route.request().method() === "POST") return fate(route, FATES[sent++] ?? "fails");
      if (pathname.endsWith("cannot-use")) return route.fulfill({ json: job("failed", "sync_invalid_audio") });
      return route.fulfill({ json: isOver ? job("completed", null) : job("processing", null) });
    };
    await withUploads(page, FATES.length, answer);
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.locator("[data-testid=recording][data-state=unsupported_audio]").waitFor(WORDS_WITHIN);
    await card(page, "processing").waitFor();
    await take("sync-processing");
    isOver = true;
    await card(page, "attention").waitFor(WORDS_WITHIN);
    await take("sync-attention");
    await page
      .locator("[data-testid=recording][data-state=upload_rejected]")
      .getByRole("button", { name: /^Delete/ })
      .click();
    await page.getByRole("dialog").waitFor();
    await take("sync-delete");
  },
});

const job = (status: string, reason: string | null): object => ({
  ...{ job_id: "j", status, reason_code: reason, total_segments: 4, processed_segments: 1, failed_segments: 0 },
  result: { new_memories: [], updated_memories: [], failed_segments: 0, total_segments: 1, errors: [] },
});

const taken = (id: string): object => ({ job_id: id, status: "queued", poll_after_ms: 1_000, total_files: 1 });

function fate(route: Route, what: (typeof FATES)[number]): Promise<void> {
  switch (what) {
    case "works on it":
      return route.fulfill({ status: 202, json: taken("works") });
    case "cannot use it":
      return route.fulfill({ status: 202, json: taken("cannot-use") });
    case "fails":
      return route.fulfill({ json: { new_memories: [], updated_memories: [], failed_segments: 2, total_segments: 2 } });
    case "refuses it":
      return route.fulfill({ status: 400, json: { code: "invalid_file" } });
    case "is done":
      return route.fulfill({ json: { new_memories: [], updated_memories: [], failed_segments: 0, total_segments: 1 } });
    case "is too old":
      return route.fulfill({ status: 422, json: { code: "backfill_lookback_exceeded" } });
    default:
      return what satisfies never;
  }
}

const secondTab = reel({
  scenes: { "second-tab": "A second tab, while the first one has the recordings" },
  async run({ stage, page, take }) {
    await page.getByTestId("sync-sign").click();
    await card(page, "all_synced").waitFor();
    const first = await page.context().newPage();
    // Whoever comes first has them: the page of the camera gives them up to one that waited.
    await first.goto(stage.holdfast.origin);
    await first.getByText("Another tab has the recordings").waitFor();
    await page.goto("about:blank");
    await first.getByText("Another tab has the recordings").waitFor({ state: "detached" });
    await page.goto(`${stage.holdfast.origin}/sync`);
    await page.getByText("Another tab has the recordings").waitFor();
    await take("second-tab");
    await first.close();
  },
});

export const SYNC = [
  ...[offline, uploading, paused("fair_use", "limited_fair_use"), paused("backfill_capacity", "limited_busy")],
  ...[faulty, rows, secondTab],
];
