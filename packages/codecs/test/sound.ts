/** Sounds for the tests of this package, and a measure of how alike two of them are. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeSoundFile } from "../src/index.ts";

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url));
}

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(fixture(name)));
}

export async function jfk(): Promise<Float32Array> {
  return (await decodeSoundFile(fixture("jfk.wav"))).samples16k;
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function tone(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate),
  );
}

/** Correlation of a stretch of `reference` with `other`, at the best shift of up to `maxLag` samples. 1 is the same. */
export function similarity(reference: Float32Array, other: Float32Array, maxLag = 2_000): number {
  let best = 0;
  const [from, to] = [Math.floor(reference.length * 0.2), Math.floor(reference.length * 0.4)];
  for (let lag = -maxLag; lag <= maxLag; lag++) {
    let [product, left, right] = [0, 0, 0];
    for (let i = from; i < to; i += 7) {
      const a = reference[i] ?? 0;
      const b = other[i + lag] ?? 0;
      product += a * b;
      left += a * a;
      right += b * b;
    }
    best = Math.max(best, product / Math.sqrt(left * right || 1));
  }
  return best;
}
