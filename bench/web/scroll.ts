/**
 * The page of recordings with tens of thousands of rows, scrolled from top to bottom in a few seconds: how long its frames
 * take. The log is filled by a page of the same address, with copies of one recording that are done with.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@holdfast/testkit";
import type { BrowserContext, Page } from "playwright-core";
import { launchProfile } from "../../apps/web/test/chromium.ts";
import { serveLogPage } from "../../apps/web/test/log/serve.ts";
import { line, ms } from "../pipeline/figures.ts";
import { serve, stop } from "../serve.ts";

const SCROLL_SECONDS = 10;
const LONG_MS = 50;

export async function measureScroll(recordings: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const { child } = await serve(data, port);
  const browser = await launchProfile("denied", join(data, "browser"));
  try {
    const token = readFileSync(join(data, "owner.token"), "utf8").trim();
    await fill(browser, { origin, token, recordings });
    const page = await browser.newPage();
    await page.goto(`${origin}/#token=${token}`);
    await page.getByRole("button", { name: "Record", exact: true }).waitFor();
    const began = performance.now();
    await page.goto(`${origin}/sync`);
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByTestId("recording").first().waitFor();
    console.log(line(`the page of ${recordings} recordings until its rows are there`, ms(performance.now() - began)));
    const frames = await scroll(page);
    const long = frames.filter((each) => each > LONG_MS).sort((a, b) => b - a);
    console.log(
      line(
        `frames of ${SCROLL_SECONDS} s of scrolling that took over ${LONG_MS} ms`,
        `${long.length} of ${frames.length}, the longest ${ms(Math.max(...frames))}`,
        "none",
      ),
    );
  } finally {
    await browser.close();
    await stop(child);
    rmSync(data, { recursive: true, force: true });
  }
}

interface Filling {
  readonly origin: string;
  readonly token: string;
  readonly recordings: number;
}

async function fill(browser: BrowserContext, { origin, token, recordings }: Filling): Promise<void> {
  await using served = await serveLogPage();
  const owner = await accountOf(origin, token);
  // The page that fills stands where the page itself will be, because what a browser keeps belongs to an address.
  const theirs = async (path: string): Promise<Buffer> =>
    Buffer.from(await (await fetch(new URL(path, served.address))).arrayBuffer());
  for (const path of ["/page.js", "/assets/worker.js"]) {
    const body = await theirs(path);
    await browser.route(`${origin}${path}`, (route) => route.fulfill({ contentType: "text/javascript", body }));
  }
  const html = await theirs("/");
  await browser.route(`${origin}/fill`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  const page = await browser.newPage();
  await page.goto(`${origin}/fill`);
  await page.waitForFunction("window.logPage !== undefined");
  const fields = { status: "synced", frames: 3_000, delivered: 0, durationMs: 60_000 };
  const filling = JSON.stringify({ owner, count: recordings, apartMs: 600_000, fields });
  await page.evaluate(`window.logPage.fill("opfs", "recordings", ${filling})`);
  await page.close();
}

async function accountOf(origin: string, token: string): Promise<string> {
  const answer = await fetch(`${origin}/v1/users/me`, { headers: { authorization: `Bearer ${token}` } });
  const { uid } = (await answer.json()) as { readonly uid: string };
  return uid;
}

/** Milliseconds of each frame while the page runs from its top to its end. */
async function scroll(page: Page): Promise<number[]> {
  return (await page.evaluate(`new Promise((resolve) => {
    const frames = [];
    const began = performance.now();
    let last = began;
    const step = (now) => {
      frames.push(now - last);
      last = now;
      const share = (now - began) / ${SCROLL_SECONDS * 1_000};
      window.scrollTo(0, share * (document.documentElement.scrollHeight - window.innerHeight));
      if (share < 1) requestAnimationFrame(step);
      else resolve(frames.slice(1));
    };
    requestAnimationFrame(step);
  })`)) as number[];
}
