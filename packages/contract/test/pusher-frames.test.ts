/** Frames of the pusher link against the bytes of the reference, and against garbage. */
import {
  decodePusherFrame,
  encodeAudio,
  encodeConversation,
  encodeHeartbeat,
  encodeProcess,
  encodeResult,
  encodeTranscript,
} from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("pusher frames", () => {
  it("have the bytes of the reference (9.1)", () => {
    expect(hex(encodeHeartbeat())).toBe("64000000");
    expect(hex(encodeConversation("abc"))).toBe("67000000616263");
    const samples = new Uint8Array(Int16Array.from([1, -1]).buffer);
    expect(hex(encodeAudio(1, samples))).toBe("65000000000000000000f03f0100ffff");
    expect(hex(encodeResult({ conversation_id: "c", success: true })).startsWith("c9000000")).toBe(true);
  });

  it("come back as they were sent", () => {
    const request = {
      conversation_id: "c",
      language: "en",
      byok_keys: {},
      finalization_job_id: "j",
      dispatch_generation: 1,
      finalization_result_protocol: 2,
    };
    expect(decodePusherFrame(encodeProcess(request))).toEqual({ kind: "process", request });
    expect(decodePusherFrame(encodeConversation("abc"))).toEqual({ kind: "conversation", conversationId: "abc" });
    expect(decodePusherFrame(encodeTranscript({ segments: [], memory_id: null }))).toMatchObject({
      kind: "transcript",
    });
    expect(decodePusherFrame(encodeAudio(2.5, new Uint8Array(4)))).toMatchObject({ kind: "audio", startSeconds: 2.5 });
  });

  it("fill in what an older gateway leaves out", () => {
    const old = Buffer.concat([Buffer.from("68000000", "hex"), Buffer.from('{"conversation_id":"c"}')]);
    expect(decodePusherFrame(old)).toMatchObject({ request: { language: "en", byok_keys: {} } });
  });

  it.each([
    ["too short", "6400"],
    ["unknown opcode", "01000000"],
    ["audio without a time", "6500000000"],
    ["not JSON", "68000000ff"],
    ["not an object", "680000005b5d"],
    ["no conversation", "680000007b7d"],
  ])("are invalid, not fatal: %s", (_name, bytes) => {
    expect(decodePusherFrame(Buffer.from(bytes, "hex")).kind).toBe("invalid");
  });

  it("never throw", () => {
    fc.assert(
      fc.property(fc.constantFrom(100, 101, 102, 103, 104, 105, 201, 202, 7), fc.uint8Array(), (opcode, rest) => {
        const head = new Uint8Array(4);
        new DataView(head.buffer).setUint32(0, opcode, true);
        expect(decodePusherFrame(Buffer.concat([head, rest]))).toHaveProperty("kind");
      }),
    );
  });
});
