/**
 * Servers take a binary message of two bytes or less for a keep-alive (reference listen-and-pusher 2.4), but an Opus encoder
 * with discontinuous transmission makes such packets for silence. Sent as they are, they would be lost and the recording
 * would shrink. RFC 6716 section 3.2.5 lets a packet be padded without changing what it decodes to: code 3, one frame.
 */
import { HoldfastError, LISTEN, type ListenCodec } from "@holdfast/contract";

const CODE_MASK = 0b11;
/** Frame count byte: constant bit rate, padding present, one frame. */
const ONE_FRAME_PADDED = 0b0100_0001;

/**
 * The message as it may go over the wire. Throws `permanent_input` `audio_message_too_short` for what cannot be sent as audio
 * (an empty message, a single sample).
 */
export function wholeAudioMessage(codec: ListenCodec, message: Uint8Array): Uint8Array {
  if (message.length > LISTEN.keepAliveMaxBytes) return message;
  const toc = message[0];
  const isOneFrame = toc !== undefined && (toc & CODE_MASK) === 0;
  if ((codec === "opus" || codec === "opus_fs320") && isOneFrame) {
    return Uint8Array.of(toc | CODE_MASK, ONE_FRAME_PADDED, 0, ...message.subarray(1));
  }
  throw new HoldfastError(`an audio message needs more than ${LISTEN.keepAliveMaxBytes} bytes`, {
    code: "audio_message_too_short",
    class: "permanent_input",
  });
}
