/**
 * From a spoken word to words on the screen, with the embedded engine: the microphone of a real Chromium hears a speech, cut at
 * its pauses into utterances of one to three seconds with quiet between them. The page's own microphone stream is watched for the
 * moment when each of them begins, and the box of live words for the moment when there are more words than before.
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
const QUIET_SECONDS = 2;
/** A pause of the speech: so much of it in a row is softer than this. */
const PAUSE = { seconds: 0.4, level: 0.02, windowSeconds: 0.05 } as const;
/** What carries a 95th percentile. */
const LEAST_UTTERANCES = 20;
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
    if (now - quietSince > 1200) window.heard.push({ at: now, words: wordsNow() });
    quietSince = now;
  }, 10);
  return made;
};
const wordsNow = () => (document.querySelector("[role=log]")?.textContent ?? "").match(/\\p{L}+/gu)?.length ?? 0;
new MutationObserver(() => {
  const words = wordsNow();
  if (words !== window.lastWords) window.shown.push({ at: performance.now(), words });
  window.lastWords = words;
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
      readonly heard: readonly Seen[];
      readonly shown: readonly Seen[];
    };
    // The first loads the model; the last may have had no time.
    const delays = heard.slice(1, -1).map(({ at, words }) => {
      const first = shown.find((each) => each.at > at && each.words > words);
      return (first?.at ?? Number.POSITIVE_INFINITY) - at;
    });
    if (delays.length < LEAST_UTTERANCES)
      throw new Error(`only ${delays.length} utterances were heard: give it longer`);
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

/** A moment, and how many words were on the screen. */
interface Seen {
  readonly at: number;
  readonly words: number;
}

/** Each with quiet behind it; a fake microphone plays its file again and again. */
async function utterances(): Promise<Uint8Array> {
  const { samples16k } = await decodeSoundFile(new Uint8Array(readFileSync(JFK)));
  const parts = cutAtPauses(samples16k);
  const quiet = QUIET_SECONDS * RATE;
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length + quiet, 0));
  let end = 0;
  for (const part of parts) {
    samples.set(part, end);
    end += part.length + quiet;
  }
  return encodeWav16(samples, RATE);
}

function cutAtPauses(samples: Float32Array): Float32Array[] {
  const window = PAUSE.windowSeconds * RATE;
  const parts: Float32Array[] = [];
  let from: number | undefined;
  let softSince = 0;
  for (let at = 0; at + window <= samples.length; at += window) {
    const isLoud = levelOf(samples.subarray(at, at + window)) >= PAUSE.level;
    if (isLoud) {
      from ??= at;
      softSince = at + window;
    } else if (from !== undefined && at + window - softSince >= PAUSE.seconds * RATE) {
      parts.push(samples.subarray(from, softSince));
      from = undefined;
    }
  }
  if (from !== undefined) parts.push(samples.subarray(from));
  return parts;
}

function levelOf(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
