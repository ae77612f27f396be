/**
 * From a spoken word to words on the screen, with the embedded engine: the microphone of a real Chromium hears a recording of
 * short utterances, the page's own microphone stream is watched for the moment when each of them begins, and the box of live
 * words for the moment when new words appear.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSoundFile, encodeWav16 } from "@holdfast/codecs";
import { freePort } from "@holdfast/testkit";
import { launchChromium } from "../../apps/web/test/chromium.ts";
import { line, ms } from "../pipeline/figures.ts";
import { serve, stop } from "../serve.ts";

const RATE = 16_000;
const QUIET_SECONDS = 2.5;
const JFK = fileURLToPath(new URL("../../fixtures/jfk.wav", import.meta.url));

/** Runs before the page's scripts: notes when sound begins after quiet, and when the live words change. */
const WATCH = `
window.heard = [];
window.shown = [];
const source = AudioContext.prototype.createMediaStreamSource;
AudioContext.prototype.createMediaStreamSource = function (stream) {
  const made = source.call(this, stream);
  const meter = this.createAnalyser();
  meter.fftSize = 256;
  made.connect(meter);
  const wave = new Float32Array(256);
  let quietSince = performance.now();
  setInterval(() => {
    meter.getFloatTimeDomainData(wave);
    const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
    const now = performance.now();
    if (level < 0.006) return;
    if (now - quietSince > 1200) window.heard.push(now);
    quietSince = now;
  }, 10);
  return made;
};
new MutationObserver(() => {
  const text = document.querySelector("[role=log]")?.textContent ?? "";
  if (text !== window.lastText) window.shown.push(performance.now());
  window.lastText = text;
}).observe(document, { subtree: true, childList: true, characterData: true });
`;

export async function measureWords(seconds: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const wav = join(data, "microphone.wav");
  writeFileSync(wav, await utterances());
  const port = await freePort();
  const { child } = await serve(data, port);
  const browser = await launchChromium({ wav });
  try {
    const token = readFileSync(join(data, "owner.token"), "utf8").trim();
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript(WATCH);
    await page.goto(`http://localhost:${port}/#token=${token}`);
    await page.getByRole("button", { name: "Record", exact: true }).click();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const { heard, shown } = (await page.evaluate("({ heard: window.heard, shown: window.shown })")) as {
      readonly heard: readonly number[];
      readonly shown: readonly number[];
    };
    // The first loads the model; the last may have had no time.
    const delays = heard.slice(1, -1).map((at) => (shown.find((each) => each > at) ?? Number.POSITIVE_INFINITY) - at);
    const sorted = delays.sort((a, b) => a - b);
    const at = (share: number): string => ms(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
    const reached = `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} (${sorted.length} utterances)`;
    console.log(line("start of speech to first words on the screen", reached, "p95 under 1600 ms"));
  } finally {
    await browser.close();
    await stop(child);
    rmSync(data, { recursive: true, force: true });
  }
}

/** The sentence with quiet behind it; a fake microphone plays its file again and again. */
async function utterances(): Promise<Uint8Array> {
  const { samples16k } = await decodeSoundFile(new Uint8Array(readFileSync(JFK)));
  const samples = new Float32Array(samples16k.length + QUIET_SECONDS * RATE);
  samples.set(samples16k);
  return encodeWav16(samples, RATE);
}
