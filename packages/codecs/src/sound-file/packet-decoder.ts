/**
 * What every decoder of compressed packets looks like from outside, and the choice of one for a track. `decode` gives mono
 * samples at `rate`, or undefined for a packet that is damaged.
 */
import { HoldfastError, OPUS_RATE } from "@holdfast/contract";
import type { InputAudioTrack } from "mediabunny";
import { createOpusPacketDecoder } from "../opus-packets.ts";
import { aacRateIndex, createAacDecoder } from "./aac.ts";
import { average } from "./channels.ts";
import { isPcmFormat, pcmToMono } from "./pcm-formats.ts";

export interface PacketDecoder {
  readonly rate: number;
  decode(packet: Uint8Array): Float32Array | undefined | Promise<Float32Array | undefined>;
  close(): void;
}

export async function createPacketDecoder(track: InputAudioTrack): Promise<PacketDecoder> {
  const { codec, sampleRate, numberOfChannels: channels } = track;
  if (codec === "opus") {
    return { rate: OPUS_RATE, ...(await createOpusPacketDecoder()) };
  }
  if (codec === "aac") {
    const description = (await track.getDecoderConfig())?.description;
    return createAacDecoder(description === undefined ? undefined : bytesOf(description), {
      rateIndex: aacRateIndex(sampleRate),
      channels,
    });
  }
  if (codec === "mp3") return createMp3Decoder(sampleRate);
  if (codec === "flac") return createFlacDecoder(sampleRate);
  if (codec !== null && isPcmFormat(codec)) {
    return { rate: sampleRate, decode: (packet) => pcmToMono(codec, packet, channels), close: () => {} };
  }
  throw new HoldfastError(`the sound in this file is in a format that is not supported (${codec ?? "unknown"})`, {
    code: "unsupported_audio",
    class: "permanent_input",
  });
}

async function createMp3Decoder(rate: number): Promise<PacketDecoder> {
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  return {
    rate,
    decode(packet): Float32Array | undefined {
      const { channelData, samplesDecoded } = decoder.decode(packet);
      return samplesDecoded === 0 ? undefined : average(channelData);
    },
    close: () => decoder.free(),
  };
}

async function createFlacDecoder(rate: number): Promise<PacketDecoder> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = new FLACDecoder();
  await decoder.ready;
  return {
    rate,
    async decode(packet): Promise<Float32Array | undefined> {
      const { channelData, samplesDecoded } = await decoder.decodeFrames([packet]);
      return samplesDecoded === 0 ? undefined : average(channelData);
    },
    close: () => decoder.free(),
  };
}

function bytesOf(data: ArrayBuffer | SharedArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
