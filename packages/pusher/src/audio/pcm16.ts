/** Samples between -1 and 1 as signed 16 bits, little-endian, clipped. */
export function toPcm16(parts: readonly Float32Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0) * 2);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    for (const sample of part) {
      view.setInt16(at, Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), true);
      at += 2;
    }
  }
  return bytes;
}
