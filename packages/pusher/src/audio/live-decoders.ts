/**
 * Live links to 16-bit samples, in a sound thread: each stream keeps its own decoder, which a change of format replaces. A call
 * has a decoder for each channel, and gives their sum as far as all of them have come (reference listen-and-pusher 2.6); what
 * one channel is ahead comes with the end of the stream.
 */
import { createMessageDecoder, type MessageDecoder } from "@holdfast/codecs";
import { channelOf, readFrames, splitMessage } from "@holdfast/contract";
import { createMixer, type Mixer } from "./mixer.ts";
import { toPcm16 } from "./pcm16.ts";
import type { LiveSound } from "./protocol.ts";

export interface LiveDecoders {
  decode(sound: LiveSound): Promise<Uint8Array>;
  /** The last samples of the stream, which is forgotten. */
  end(stream: number): Uint8Array;
}

interface Stream {
  readonly format: string;
  /** By channel. */
  readonly decoders: Map<number, MessageDecoder>;
  readonly mixer: Mixer;
}

export function createLiveDecoders(): LiveDecoders {
  const streams = new Map<number, Stream>();
  const forget = (stream: number): Float32Array => {
    const known = streams.get(stream);
    streams.delete(stream);
    for (const decoder of known?.decoders.values() ?? []) decoder.close();
    return known?.mixer.take(true) ?? new Float32Array(0);
  };
  return {
    end: (stream) => toPcm16([forget(stream)]),
    async decode(sound) {
      const { codec, sampleRate, layout, channels } = sound;
      const format = `${codec} ${sampleRate} ${layout} ${channels}`;
      const before = streams.get(sound.stream)?.format === format ? [] : [forget(sound.stream)];
      const stream = streams.get(sound.stream) ?? { format, decoders: new Map(), mixer: createMixer() };
      streams.set(sound.stream, stream);
      return toPcm16([...before, ...(await samplesOf(stream, sound))]);
    },
  };
}

async function samplesOf({ decoders, mixer }: Stream, sound: LiveSound): Promise<Float32Array[]> {
  const { codec, sampleRate, layout, channels } = sound;
  const alone: Float32Array[] = [];
  for (const message of readFrames(sound.payload).frames) {
    const { channel, audio } = splitMessage(message, channels);
    if (channels > 1 && channelOf(channel) === undefined) continue;
    const decoder = decoders.get(channel) ?? (await createMessageDecoder({ codec, sampleRate, layout }));
    decoders.set(channel, decoder);
    if (channels > 1) mixer.add(channel, decoder.decode(audio));
    else alone.push(decoder.decode(audio));
  }
  return channels > 1 ? [mixer.take(false)] : alone;
}
