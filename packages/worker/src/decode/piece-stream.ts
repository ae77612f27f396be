/**
 * Samples of a source as pieces, in the decode thread: skips what an earlier run has finished, cuts, and says of each piece
 * whether anything in it was really decoded.
 */
import { encodeWav16, TARGET_RATE } from "@holdfast/codecs";
import { createPieceCutter, PIECE_LIMITS, type PieceLimits } from "./pieces.ts";
import type { DecodeDamage, DecodedPiece, DecodeEnd } from "./protocol.ts";
import type { SampleStream } from "./sources.ts";

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
    return {
      type: "piece",
      startSample,
      sampleCount: samples.length,
      usable,
      wav: encodeWav16(samples, TARGET_RATE),
    };
  };

  let damage: DecodeDamage | undefined;
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done === true) {
        damage = value;
        break;
      }
      const fresh = value.samples.subarray(Math.min(value.samples.length, Math.max(0, fromSample - seen)));
      seen += value.samples.length;
      const goodNow = value.messages - value.badMessages;
      if (goodNow > good) decoded.push({ from: seen - value.samples.length, to: seen });
      good = goodNow;
      for (const samples of cutter.push(fresh)) yield pieceOf(samples);
    }
  } finally {
    await source.return(undefined);
  }
  const last = cutter.end();
  if (last !== undefined) yield pieceOf(last);
  yield { type: "end", samples: seen, damage: good === 0 || seen === 0 ? "nothing_decoded" : damage };
}
