/** The kind of a picture, by its first bytes: what a client says about it is not asked. */

const SIGNATURES: readonly (readonly [string, string, number])[] = [
  ["image/jpeg", "ffd8ff", 0],
  ["image/png", "89504e470d0a1a0a", 0],
  ["image/gif", "474946383761", 0],
  ["image/gif", "474946383961", 0],
  ["image/webp", "57454250", 8],
];

/** `application/octet-stream` where it is none of those a vision model takes; it is kept all the same. */
export function imageType(bytes: Uint8Array): string {
  for (const [type, signature, at] of SIGNATURES) {
    const found = Buffer.from(bytes.subarray(at, at + signature.length / 2)).toString("hex");
    if (found === signature) return type;
  }
  return "application/octet-stream";
}
