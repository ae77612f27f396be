/**
 * From the start of the server to a list that answers, on a data folder with thousands of conversations, with a CPU that is
 * four times slower for the page. The page is opened the moment the server gives it out; interactive is when the list is on show
 * and a frame is drawn after it. When a user can record is shown beside it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRunningPostgres, openDatabase } from "@holdfast/store";
import { freePort } from "@holdfast/testkit";
import { sql } from "kysely";
import { launchChromium } from "../../apps/web/test/chromium.ts";
import { line } from "../pipeline/figures.ts";
import { launch, serve, stop } from "../serve.ts";

const SLOWER = 4;

export async function measureList(conversations: number, rounds: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const browser = await launchChromium("denied");
  try {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const first = await serve(data, port);
    await writeConversations(data, conversations);
    await stop(first.child);
    const token = readFileSync(join(data, "owner.token"), "utf8").trim();
    const served: number[] = [];
    const ready: number[] = [];
    const starts: number[] = [];
    const lists: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const page = await (await browser.newContext()).newPage();
      const tools = await page.context().newCDPSession(page);
      await tools.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
      // The browser is open when somebody starts the server.
      await page.waitForTimeout(2_000);
      const began = performance.now();
      const { child, answers } = launch(data, port);
      const canRecord = answers("/health/ready");
      canRecord.catch(() => {});
      served.push((await answers("/")) * 1_000);
      await page.goto(`${origin}/#token=${token}`);
      const loaded = performance.now();
      await page.getByTestId("conversation").first().waitFor();
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))");
      lists.push(performance.now() - began);
      starts.push(loaded - began);
      ready.push((await canRecord) * 1_000);
      await stop(child);
      await page.context().close();
    }
    const seconds = (values: readonly number[]): string => values.map((each) => (each / 1_000).toFixed(2)).join(" ");
    console.log(line("server start to its page", `${seconds(served)} s`));
    console.log(line("server start to ready for a recording", `${seconds(ready)} s`));
    console.log(line("server start to the page, loaded", `${seconds(starts)} s`));
    console.log(
      line(`server start to a list of ${conversations}, CPU / ${SLOWER}`, `${seconds(lists)} s`, "under 2.5 s"),
    );
  } finally {
    await browser.close();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Finished conversations, one every ten minutes into the past. */
async function writeConversations(data: string, count: number): Promise<void> {
  const running = findRunningPostgres(data);
  if (running === undefined) throw new Error("the database does not run");
  const db = openDatabase({ url: running.url, onIdleError: () => {} });
  try {
    const structured = {
      title: "Planning",
      overview: "What is to be done.",
      emoji: "x",
      category: "work",
      action_items: [],
      events: [],
    };
    await sql`
      INSERT INTO conversations (user_id, id, status, origin, source, structured, silence_timeout_ms, created_at, updated_at,
        started_at, finished_at)
      SELECT users.user_id, gen_random_uuid()::text, 'completed', 'live', 'phone',
        ${JSON.stringify(structured)}::jsonb || jsonb_build_object('title', 'Planning, part ' || n), 120000,
        now() - n * interval '10 minutes', now(), now() - n * interval '10 minutes', now() - n * interval '9 minutes'
      FROM generate_series(1, ${count}) AS n, (SELECT DISTINCT user_id FROM tokens) AS users`.execute(db);
  } finally {
    await db.destroy();
  }
}
