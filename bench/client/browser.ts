/** The recording log in a real Chromium with a profile on disk, in its private file system and in IndexedDB. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchProfile } from "../../apps/web/test/chromium.ts";
import { serveLogPage } from "../../apps/web/test/log/serve.ts";
import { Delays, line, ms, spread } from "../pipeline/figures.ts";

export async function measureBrowserLog(frames: number, recordings: number): Promise<void> {
  await using served = await serveLogPage();
  const folder = mkdtempSync(join(tmpdir(), "holdfast-profile-"));
  const browser = await launchProfile("denied", folder);
  try {
    for (const kind of ["opfs", "indexeddb"] as const) {
      const page = await browser.newPage();
      await page.goto(served.address);
      await page.waitForFunction("window.logPage !== undefined");
      await page.evaluate(`window.logPage.open("${kind}", "append")`);
      tell(`from the page, ${kind}`, (await page.evaluate(`window.logPage.appendTimes(${frames})`)) as number[]);
      await page.evaluate("window.logPage.close()");
      if (kind === "opfs") {
        tell(
          "within a worker, opfs",
          (await page.evaluate(`window.logPage.appendTimesInWorker(${frames})`)) as number[],
        );
      }
      const took = (await page.evaluate(`window.logPage.recoveryTime("${kind}", ${recordings})`)) as number;
      console.log(line(`a log of ${recordings} recordings until it is open, ${kind}`, ms(took), "under 1000 ms"));
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(where: string, times: readonly number[]): void {
  const delays = new Delays();
  for (const time of times) delays.add(time);
  console.log(line(`a frame until it is written, ${where}`, spread(delays.summary()), "p99 under 2 ms"));
}
