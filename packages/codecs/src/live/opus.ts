/** Live Opus messages: one packet each. A packet that decodes to another length than it says is not read. */
import { OPUS_RATE, opusPacketMs } from "@holdfast/contract";
import { createOpusPacketDecoder } from "../opus-packets.ts";
import type { MessageReader } from "./message-reader.ts";

export async function createOpusReader(): Promise<MessageReader> {
  const packets = await createOpusPacketDecoder();
  return {
    read(message) {
      const samples = packets.decode(message);
      const said = ((opusPacketMs(message) ?? 0) * OPUS_RATE) / 1000;
      return samples?.length === said ? { samples, bad: false } : undefined;
    },
    close: () => packets.close(),
  };
}
