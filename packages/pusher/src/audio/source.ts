/**
 * Stored messages as what can be put into an Opus file: packets that are Opus already stay as they are, everything else becomes
 * samples. A source is for one stretch of one format; another format needs another source.
 */
import { createMessageDecoder, type MessageDecoder } from "@holdfast/codecs";
import {
  channelCodec,
  HoldfastError,
  isDecodable,
  opusPacketMs,
  type Pcm8Layout,
  splitMessage,
} from "@holdfast/contract";
import type { ConversationChunk } from "@holdfast/store";
import { createMixer } from "./mixer.ts";

export type SourceItem =
  | { readonly kind: "packet"; readonly packet: Uint8Array; readonly samples: number }
  /** An Opus packet that cannot be one: silence of the length such packets have. */
  | { readonly kind: "bad_packet"; readonly samples: number }
  | { readonly kind: "samples"; readonly samples: Float32Array };

/** Sound that is decoded already: mono at 16 kHz. */
export interface SampleChunk extends Pick<ConversationChunk, "sessionId" | "capturedAtMs"> {
  readonly samples: Float32Array;
}

export type SoundChunk = ConversationChunk | SampleChunk;

export interface Source {
  /** What tells one format from another. */
  readonly format: string;
  /** Chunks of its format. */
  take(chunk: SoundChunk): Promise<SourceItem[]>;
  /** What was held back; closes the source. */
  end(): SourceItem[];
}

export function formatOf(chunk: SoundChunk): string {
  if ("samples" in chunk) return JSON.stringify([chunk.sessionId, "samples"]);
  const { sessionId, codec, sampleRate, layout, channels } = chunk;
  return JSON.stringify([sessionId, codec, sampleRate, layout, channels]);
}

export function openSource(chunk: SoundChunk): Source {
  if ("samples" in chunk) return samplesSource(chunk);
  if (chunk.channels > 1) return channelsSource(chunk);
  const isOpus = chunk.codec === "opus" || chunk.codec === "opus_fs320";
  return isOpus ? opusSource(chunk) : decodedSource(chunk);
}

/** A source is never given chunks of another format. */
function messagesOf(chunk: SoundChunk): readonly Uint8Array[] {
  return "samples" in chunk ? [] : chunk.messages;
}

function samplesSource(first: SampleChunk): Source {
  return {
    format: formatOf(first),
    take: async (chunk) => ("samples" in chunk ? [{ kind: "samples", samples: chunk.samples }] : []),
    end: () => [],
  };
}

function opusSource(first: ConversationChunk): Source {
  const nominal = first.codec === "opus_fs320" ? 320 : 160;
  return {
    format: formatOf(first),
    take: async (chunk) =>
      messagesOf(chunk).map((packet) => {
        const ms = opusPacketMs(packet);
        return ms === undefined
          ? { kind: "bad_packet", samples: nominal }
          : { kind: "packet", packet, samples: ms * 16 };
      }),
    end: () => [],
  };
}

function decodedSource(first: ConversationChunk): Source {
  const { codec, sampleRate } = first;
  if (!isDecodable(codec)) {
    throw new HoldfastError("this codec cannot be decoded", { code: "unsupported_audio", class: "permanent_input" });
  }
  let opened: MessageDecoder | undefined;
  return {
    format: formatOf(first),
    async take(chunk) {
      opened ??= await createMessageDecoder({ codec, sampleRate, layout: layoutOf(first.layout) });
      const decoder = opened;
      return messagesOf(chunk).map((message) => ({ kind: "samples", samples: decoder.decode(message) }));
    },
    end() {
      opened?.close();
      return [];
    },
  };
}

/** Each channel has its own decoder; what comes out is their sum. */
function channelsSource(first: ConversationChunk): Source {
  const decoders = new Map<number, MessageDecoder>();
  const mixer = createMixer();
  const codec = channelCodec(first.codec);
  return {
    format: formatOf(first),
    async take(chunk) {
      for (const message of messagesOf(chunk)) {
        const { channel, audio } = splitMessage(message, first.channels);
        const decoder = decoders.get(channel) ?? (await createMessageDecoder({ codec, sampleRate: first.sampleRate }));
        decoders.set(channel, decoder);
        mixer.add(channel, decoder.decode(audio));
      }
      return [{ kind: "samples", samples: mixer.take(false) }];
    },
    end() {
      for (const decoder of decoders.values()) decoder.close();
      return [{ kind: "samples", samples: mixer.take(true) }];
    },
  };
}

function layoutOf(layout: string): Pcm8Layout {
  return layout === "linear16" ? "linear16" : "linear8";
}
