import { expect, it } from "vitest";
import { toPcm16 } from "./encoder.ts";

it("makes signed little-endian samples and clips at full scale", () => {
  expect([...toPcm16(Float32Array.of(0, 1, -1, 2, -2, 0.5))]).toEqual([
    ...[0, 0],
    ...[0xff, 0x7f],
    ...[0x01, 0x80],
    ...[0xff, 0x7f],
    ...[0x00, 0x80],
    ...[0x00, 0x40],
  ]);
});
