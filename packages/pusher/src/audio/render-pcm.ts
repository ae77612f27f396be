/**
 * A kept file (Ogg Opus, written by `exporter.ts`) as bare 16-bit samples at 16 kHz, some seconds at a time. Packet for packet it
 * has the length its header says, so the whole is as long as the export counted, whatever a damaged packet holds.
 */
import { createMessageDecoder, readOggOpus } from "@holdfast/codecs";
import { toPcm16 } from "./pcm16.ts";

const BLOCK_PACKETS = 500;

export async function* renderPcm(file: Uint8Array): AsyncGenerator<Uint8Array> {
  const decoder = await createMessageDecoder({ codec: "opus", sampleRate: 16_000 });
  try {
    let block: Float32Array[] = [];
    for (const packet of readOggOpus(file)) {
      block.push(decoder.decode(packet));
      if (block.length < BLOCK_PACKETS) continue;
      yield toPcm16(block);
      block = [];
    }
    if (block.length > 0) yield toPcm16(block);
  } finally {
    decoder.close();
  }
}
