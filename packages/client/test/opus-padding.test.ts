import { LISTEN, type ListenCodec, opusPacketMs } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wholeAudioMessage } from "../src/index.ts";

describe("messages as short as a keep-alive", () => {
  test("a packet of one frame is longer than a keep-alive afterwards and lasts as long as before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), fc.uint8Array({ maxLength: 1 }), (config, rest) => {
        const packet = Uint8Array.of(config << 2, ...rest);
        const padded = wholeAudioMessage("opus", packet);
        expect(padded.length).toBeGreaterThan(LISTEN.keepAliveMaxBytes);
        expect(opusPacketMs(padded)).toBe(opusPacketMs(packet));
      }),
    );
  });

  test("longer messages are passed on as they are", () => {
    const packet = Uint8Array.of(1, 2, 3);
    expect(wholeAudioMessage("opus", packet)).toBe(packet);
    expect(wholeAudioMessage("pcm16", packet)).toBe(packet);
  });

  test.each<[ListenCodec, number[]]>([
    ["opus", []],
    ["opus_fs320", [0b0000_0001]],
    ["opus", [0b0000_0011, 1]],
    ["pcm16", [1, 2]],
    ["pcm8", [1]],
  ])("%s %j cannot be sent", (codec, bytes) => {
    expect(() => wholeAudioMessage(codec, Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "audio_message_too_short", class: "permanent_input" }),
    );
  });
});
