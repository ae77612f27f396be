/** Capture manifests: only the very token that this server issued proves anything, and only for what it names. */
import { CAPTURE_MANIFEST } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fileSetOf,
  type ManifestSubject,
  refuseOtherBytes,
  signManifest,
  verifyManifest,
} from "../src/uploads/manifest.ts";

const KEY = new Uint8Array(32).fill(1);
const NOW = Date.UTC(2026, 5, 1);
const SUBJECT: ManifestSubject = { userId: "alice", deviceId: "ios_abcd1234", conversationId: "c1" };
const FILES = [
  { name: "b.bin", sha256: "B0".repeat(32) },
  { name: "a.bin", sha256: "a0".repeat(32) },
];
const NAMES = ["a.bin", "b.bin"];
const TOKEN = signManifest(KEY, SUBJECT, FILES, NOW);
const verify = (token: string, rest: Partial<ManifestSubject> = {}, names: readonly string[] = NAMES, atMs = NOW) =>
  verifyManifest(KEY, token, { ...SUBJECT, ...rest }, names, atMs);

describe("a manifest", () => {
  it("is compact JSON with sorted keys, and 64 hex digits", () => {
    const [encoded = "", signature] = TOKEN.split(".");
    const json = Buffer.from(encoded, "base64url").toString();
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(encoded).not.toContain("=");
    const claims = JSON.parse(json) as Record<string, unknown>;
    expect(Object.keys(claims)).toEqual([...Object.keys(claims)].sort());
    expect(json).toBe(JSON.stringify(claims));
    expect(claims).toMatchObject({
      v: 1,
      uid: "alice",
      device: "ios_abcd1234",
      conversation: "c1",
      iat: NOW / 1000,
      exp: NOW / 1000 + 900,
    });
  });

  it("proves its files, in any order, until it is over", () => {
    const files = [...FILES].reverse().map((file) => ({ ...file, sha256: file.sha256.toLowerCase() }));
    expect(verify(TOKEN)).toEqual(files);
    expect(verify(TOKEN, {}, [...NAMES].reverse())).toEqual(files);
    expect(verify(TOKEN, {}, NAMES, NOW + CAPTURE_MANIFEST.lifetimeSeconds * 1000 - 1)).toBeDefined();
    expect(verify(TOKEN, {}, NAMES, NOW + CAPTURE_MANIFEST.lifetimeSeconds * 1000)).toBeUndefined();
    expect(verify(TOKEN, {}, NAMES, NOW - CAPTURE_MANIFEST.issueSkewSeconds * 1000)).toBeDefined();
    expect(verify(TOKEN, {}, NAMES, NOW - CAPTURE_MANIFEST.issueSkewSeconds * 1000 - 1000)).toBeUndefined();
  });

  it("proves nothing for others, nor of other files", () => {
    expect(verify(TOKEN, { userId: "bob" })).toBeUndefined();
    expect(verify(TOKEN, { deviceId: "ios_other" })).toBeUndefined();
    expect(verify(TOKEN, { conversationId: "c2" })).toBeUndefined();
    for (const names of [["a.bin"], ["a.bin", "b.bin", "c.bin"], ["a.bin", "a.bin"], []]) {
      expect(verify(TOKEN, {}, names)).toBeUndefined();
    }
    expect(verifyManifest(new Uint8Array(32).fill(2), TOKEN, SUBJECT, NAMES, NOW)).toBeUndefined();
  });

  it("is nothing once a character of it is another, and neither is any text", () => {
    fc.assert(
      fc.property(fc.nat(TOKEN.length - 1), fc.constantFrom(..."0aZ_-.~"), (at, character) => {
        const forged = `${TOKEN.slice(0, at)}${character}${TOKEN.slice(at + 1)}`;
        expect(verify(forged) === undefined).toBe(forged !== TOKEN);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(verify(text)).toBeUndefined();
      }),
    );
    expect(verify(`${TOKEN}.`)).toBeUndefined();
  });
});

describe("the bytes", () => {
  it("must be those that were proven, whatever the case of the digits", () => {
    const proven = verify(TOKEN) ?? [];
    expect(() => refuseOtherBytes(proven, FILES)).not.toThrow();
    const other = [{ name: "a.bin", sha256: "ff".repeat(32) }, FILES[0] ?? { name: "", sha256: "" }];
    expect(() => refuseOtherBytes(proven, other)).toThrow(
      expect.objectContaining({ code: "capture_manifest_mismatch" }),
    );
    expect(fileSetOf(FILES)).not.toBe(fileSetOf(other));
  });
});
