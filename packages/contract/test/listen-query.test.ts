/** Every query parameter of the live socket, absent, good and bad. */
import { canonicalUuid, parseListenQuery } from "@holdfast/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const parse = (query: string) => parseListenQuery(new URLSearchParams(query));

describe("parseListenQuery", () => {
  it("has the defaults of the reference", () => {
    expect(parse("")).toMatchObject({
      language: "en",
      sampleRate: 8_000,
      codec: "pcm8",
      channels: 1,
      includeSpeechProfile: true,
      conversationTimeoutMs: 120_000,
      source: "omi",
      customStt: false,
      clientConversationId: null,
      audioAck: false,
      firstSequence: null,
    });
  });

  it.each([
    ["-1", 14_400_000],
    ["2", 120_000],
    ["0", 120_000],
    ["120", 120_000],
    ["600", 600_000],
    ["999999", 14_400_000],
    ["soon", 120_000],
  ])("conversation_timeout=%s is %s ms", (text, ms) => {
    expect(parse(`conversation_timeout=${text}`).conversationTimeoutMs).toBe(ms);
  });

  it("gives several channels the longest timeout", () => {
    expect(parse("channels=2&conversation_timeout=200").conversationTimeoutMs).toBe(14_400_000);
  });

  it("rewrites, normalises and ignores as the reference says", () => {
    expect(parse("language=auto").language).toBe("multi");
    expect(parse("source=toaster").source).toBe("unknown");
    expect(parse("source=desktop").source).toBe("desktop");
    expect(parse("custom_stt=true").customStt).toBe(false);
    expect(parse("include_speech_profile=false").includeSpeechProfile).toBe(false);
    expect(parse("vad_gate=maybe").vadGate).toBeNull();
    expect(parse("uid=somebody&nonsense=1")).toEqual(parse(""));
  });

  it("takes only a UUID for the client's own id, in one spelling", () => {
    const canonical = "0f6c2b1e-7a1d-4e57-9d2e-000000000001";
    expect(canonicalUuid(" 0F6C2B1E7A1D4E579D2E000000000001 ")).toBe(canonical);
    expect(parse(`client_conversation_id=${canonical.toUpperCase()}`).clientConversationId).toBe(canonical);
    expect(parse("client_conversation_id=mine").clientConversationId).toBeNull();
  });

  it("reads the replay position", () => {
    expect(parse("audio_ack=enabled&first_sequence=50")).toMatchObject({ audioAck: true, firstSequence: 50 });
    expect(parse("first_sequence=-1").firstSequence).toBeNull();
  });

  it("accepts anything", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (params) => {
        const query = parseListenQuery(new URLSearchParams(params));
        expect(query.conversationTimeoutMs).toBeGreaterThanOrEqual(120_000);
        expect(query.channels).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
