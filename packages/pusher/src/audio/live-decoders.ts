/** Live links to 16-bit samples, in a sound thread: each stream keeps its own decoder, which a change of format replaces. */
import { createMessageDecoder, type MessageDecoder } from "@holdfast/codecs";
import { readFrames } from "@holdfast/contract";
import { toPcm16 } from "./pcm16.ts";
import type { LiveSound } from "./protocol.ts";

export interface LiveDecoders {
  decode(sound: LiveSound): Promise<Uint8Array>;
  end(stream: number): void;
}

export function createLiveDecoders(): LiveDecoders {
  const streams = new Map<number, { readonly format: string; readonly decoder: MessageDecoder }>();
  const end = (stream: number): void => {
    streams.get(stream)?.decoder.close();
    streams.delete(stream);
  };
  return {
    end,
    async decode({ stream, codec, sampleRate, layout, payload }) {
      const format = `${codec} ${sampleRate} ${layout}`;
      if (streams.get(stream)?.format !== format) end(stream);
      const known = streams.get(stream) ?? {
        format,
        decoder: await createMessageDecoder({ codec, sampleRate, layout }),
      };
      streams.set(stream, known);
      return toPcm16(readFrames(payload).frames.map((frame) => known.decoder.decode(frame)));
    },
  };
}
