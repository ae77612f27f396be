/** The decode thread from outside: it may crash, vanish or hang, and the worker neither dies nor waits for ever. */
import { HoldfastError, writeFrames } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { createDecodeDesk, type DecodeDesk } from "../src/decode/desk.ts";
import type { SoundToDecode } from "../src/decode/protocol.ts";
import { collect } from "./support/collect.ts";

const ODD = new URL("./decode/odd-thread.ts", import.meta.url);
const desks: DecodeDesk[] = [];

afterEach(async () => {
  await Promise.all(desks.splice(0).map((desk) => desk.close()));
});

function openDesk(options: { entry?: URL; timeoutMs?: number } = {}): DecodeDesk {
  const desk = createDecodeDesk({ clock: systemClock, ...options });
  desks.push(desk);
  return desk;
}

const sound = (mood: number): SoundToDecode => ({ kind: "sound", bytes: Uint8Array.of(mood) });
const all = (desk: DecodeDesk, source: SoundToDecode, from = 0) => collect(desk.decode(source, from));

describe("a thread that misbehaves", () => {
  test.each([
    ["crashes", 1, "decode_crashed"],
    ["exits", 2, "decode_crashed"],
    ["hangs", 3, "decode_timeout"],
    ["dies between two questions", 4, "decode_timeout"],
  ])("one that %s is a content failure, and the next source gets a new thread", async (_, mood, code) => {
    const desk = openDesk({ entry: ODD, timeoutMs: 1_000 });
    const failed = all(desk, sound(mood));
    await expect(failed).rejects.toBeInstanceOf(HoldfastError);
    const codes = mood === 4 ? ["decode_timeout", "decode_crashed"] : [code];
    await expect(failed).rejects.toMatchObject({ class: "content", code: expect.toSatisfy((c) => codes.includes(c)) });
    expect(await all(desk, sound(7))).toMatchObject([{ type: "end", samples: 7, damage: undefined }]);
  });

  test("closing ends one in the middle of its work", async () => {
    const desk = openDesk({ entry: ODD });
    const items = desk.decode(sound(3), 0);
    const stuck = items.next();
    stuck.catch(() => {});
    await desk.close();
    await expect(stuck).rejects.toMatchObject({ code: "decode_crashed" });
    await expect(all(desk, sound(7))).rejects.toMatchObject({ code: "decode_closed" });
    await desk.close();
  });
});

describe("the real thread", () => {
  const bytes = () => writeFrames([new Uint8Array(32_000).fill(3), new Uint8Array(32_000).fill(3)]);
  const name = { codec: "pcm16", sampleRate: 16_000, frameSamples: 160 } as const;

  test("decodes a recording to WAV", async () => {
    const [piece, end, ...more] = await all(openDesk(), { kind: "recording", bytes: bytes(), name });
    expect(piece).toMatchObject({ type: "piece", startSample: 0, sampleCount: 32_000, usable: true });
    expect(piece?.type === "piece" && Buffer.from(piece.wav.subarray(0, 4)).toString()).toBe("RIFF");
    expect(end).toMatchObject({ type: "end", samples: 32_000, damage: undefined });
    expect(more).toEqual([]);
  });

  test("decodes live messages", async () => {
    const messages = [new Uint8Array(3_200), new Uint8Array(3_200)];
    const source = { kind: "messages", codec: "pcm16", sampleRate: 16_000, layout: "linear16", messages } as const;
    const [piece] = await all(openDesk(), source);
    expect(piece).toMatchObject({ type: "piece", sampleCount: 3_200 });
  });

  test("passes on what the codecs refuse, with its class", async () => {
    const junk = { kind: "sound", bytes: new TextEncoder().encode("no sound at all, only words ".repeat(40)) } as const;
    await expect(all(openDesk(), junk)).rejects.toMatchObject({ class: "permanent_input", code: "unsupported_audio" });
  });

  test("a source given up half way does not disturb the next", async () => {
    const desk = openDesk();
    for await (const item of desk.decode({ kind: "recording", bytes: bytes(), name }, 0)) {
      expect(item.type).toBe("piece");
      break;
    }
    const items = await all(desk, { kind: "recording", bytes: bytes(), name }, 30_000);
    expect(items[0]).toMatchObject({ startSample: 30_000, sampleCount: 2_000 });
  });
});
