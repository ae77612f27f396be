/** Raw samples to Float32 in -1..1. An odd trailing byte is left out, as `messageMs` of the contract does. */

/** Unsigned 8-bit samples around 128. */
export function fromU8(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = ((bytes[i] ?? 128) - 128) / 128;
  return out;
}

/** Signed 16-bit little-endian samples; the bytes need not be aligned. */
export function fromS16(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(i * 2, true) / 32_768;
  return out;
}
