/**
 * Samples of a source as pieces, in the decode thread: skips what an earlier run has finished, cuts, and says of each piece
 * whether anything in it was really decoded.
 */
import { createHash } from "node:crypto";
import { encodeWav16, TARGET_RATE } from "@holdfast/codecs";
import { createPieceCutter, PIECE_LIMITS, type PieceLimits } from "./pieces.ts";
import type { DecodedPiece, DecodeEnd } from "./protocol.ts";
import type { SampleLoss, SampleStream } from "./sources.ts";

/** Less than half a step of 16 bits. */
const QUIETEST = 1 / 65_536;

/** `fromSample` is where the first piece begins; what lies before it is decoded and dropped. */
export async function* pieceStream(
  source: SampleStream,
  fromSample: number,
  limits: PieceLimits = PIECE_LIMITS,
): AsyncGenerator<DecodedPiece | DecodeEnd, void> {
  const cutter = createPieceCutter(limits);
  let seen = 0;
  let given = fromSample;
  let good = 0;
  /** Stretches of the source in which something was decoded, as far as no piece is behind them. */
  let decoded: { readonly from: number; readonly to: number }[] = [];
  const pieceOf = (samples: Float32Array): DecodedPiece => {
    const startSample = given;
    given += samples.length;
    decoded = decoded.filter(({ to }) => to > startSample);
    const usable = decoded.some(({ from }) => from < given);
    const silent = samples.every((sample) => Math.abs(sample) < QUIETEST);
    const wav = encodeWav16(samples, TARGET_RATE);
    const sha256 = createHash("sha256").update(wav).digest("hex");
    return { type: "piece", startSample, sampleCount: samples.length, usable, silent, sha256, wav };
  };

  let messages = 0;
  let loss: SampleLoss;
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done === true) {
        loss = value;
        break;
      }
      const fresh = value.samples.subarray(Math.min(value.samples.length, Math.max(0, fromSample - seen)));
      seen += value.samples.length;
      messages = value.messages;
      const goodNow = value.messages - value.badMessages;
      if (goodNow > good) decoded.push({ from: seen - value.samples.length, to: seen });
      good = goodNow;
      for (const samples of cutter.push(fresh)) yield pieceOf(samples);
    }
  } finally {
    await source.return({ damage: undefined, droppedMessages: 0, droppedBytes: 0 });
  }
  const last = cutter.end();
  if (last !== undefined) yield pieceOf(last);
  const damage = good === 0 || seen === 0 ? "nothing_decoded" : loss.damage;
  const { droppedMessages: droppedFrames, droppedBytes } = loss;
  yield { type: "end", samples: seen, damage, frames: messages, droppedFrames, droppedBytes };
}
