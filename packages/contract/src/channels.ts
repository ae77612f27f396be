/**
 * Recordings of several channels (`channels` of 2 or more: phone calls, microphone plus system sound), reference
 * listen-and-pusher 2.6. The first byte of each binary message names its channel, the rest is that channel's audio. The
 * channel, not a voice, says who speaks.
 */
import type { DecodableCodec } from "./audio.ts";

export interface Channel {
  /** The prefix byte. */
  readonly id: number;
  readonly isUser: boolean;
  readonly speaker: string;
  readonly speakerId: number;
}

/** `0x01` is the owner's microphone, `0x02` the other side (or the system's sound). Other prefixes are not known. */
export const CHANNELS: readonly Channel[] = [
  { id: 0x01, isUser: true, speaker: "SPEAKER_00", speakerId: 0 },
  { id: 0x02, isUser: false, speaker: "SPEAKER_01", speakerId: 1 },
];

/** The number that stands for the one channel of an ordinary recording, whose messages have no prefix. */
export const ONLY_CHANNEL = 0;

export function channelOf(id: number): Channel | undefined {
  return CHANNELS.find((channel) => channel.id === id);
}

/** A message of a recording with `channels` channels, taken apart. */
export function splitMessage(
  message: Uint8Array,
  channels: number,
): { readonly channel: number; readonly audio: Uint8Array } {
  if (channels < 2) return { channel: ONLY_CHANNEL, audio: message };
  return { channel: message[0] ?? ONLY_CHANNEL, audio: message.subarray(1) };
}

/** What the audio of each channel is encoded with: Opus stays, every other name means 16-bit samples (reference 2.6). */
export function channelCodec(codec: string): DecodableCodec {
  return codec === "opus" || codec === "opus_fs320" ? codec : "pcm16";
}
