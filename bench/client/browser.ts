/** The recording log in a real Chromium, in its private file system and in IndexedDB. */
import { launchChromium } from "../../apps/web/test/chromium.ts";
import { serveLogPage } from "../../apps/web/test/log/serve.ts";
import { Delays, line, ms, spread } from "../pipeline/figures.ts";

export async function measureBrowserLog(frames: number, recordings: number): Promise<void> {
  await using served = await serveLogPage();
  const browser = await launchChromium("denied");
  try {
    for (const kind of ["opfs", "indexeddb"] as const) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(served.address);
      await page.waitForFunction("window.logPage !== undefined");
      await page.evaluate(`window.logPage.open("${kind}", "append")`);
      const times = (await page.evaluate(`window.logPage.appendTimes(${frames})`)) as number[];
      await page.evaluate("window.logPage.close()");
      const delays = new Delays();
      for (const time of times) delays.add(time);
      console.log(line(`a frame until it is written, ${kind}`, spread(delays.summary()), "p99 under 2 ms"));
      const took = (await page.evaluate(`window.logPage.recoveryTime("${kind}", ${recordings})`)) as number;
      console.log(line(`a log of ${recordings} recordings until it is open, ${kind}`, ms(took), "under 1000 ms"));
    }
  } finally {
    await browser.close();
  }
}
