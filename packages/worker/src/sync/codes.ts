/**
 * What went wrong with a file, as the codes that clients see (reference offline-sync 4.5 and our own in its style). A code
 * never holds a name, a path or words of a person.
 */
import type { DecodeDamage } from "../decode/protocol.ts";

export type FileErrorCode =
  /** Nothing in the file could be decoded. */
  | "sync_invalid_audio"
  /** A sound file of a format that nobody here reads. */
  | "sync_unsupported_audio"
  /** Longer than the decoder takes. */
  | "sync_audio_too_long"
  /** The file ends in the middle of a frame; what came before was used. */
  | "sync_truncated_file"
  /** Part of the file is not what it should be; what came before was used. */
  | "sync_corrupt_file"
  /** Some frames did not decode and are silence in the transcript's time. */
  | "sync_bad_frames"
  /** The decoder crashed or never ended. */
  | "sync_decode_failed"
  /** The bytes were gone before the worker came. */
  | "sync_staged_audio_expired"
  /** The speech engine refused this sound. */
  | "stt_invalid_input"
  /** The speech engine did not answer in time, again and again. */
  | "stt_timeout"
  /** No speech engine takes whole recordings, or none takes our key. */
  | "stt_provider_configuration_error"
  /** The speech engine failed on this sound again and again. */
  | "stt_upstream_error";

export function codeOfDamage(damage: DecodeDamage): FileErrorCode {
  switch (damage) {
    case "truncated":
      return "sync_truncated_file";
    case "corrupt":
      return "sync_corrupt_file";
    case "bad_frames":
      return "sync_bad_frames";
    case "nothing_decoded":
      return "sync_invalid_audio";
    default:
      return damage satisfies never;
  }
}

/** The code of a file whose bytes could not be fetched, named or decoded; from the code of the HoldfastError. */
export function codeOfDecodeFailure(code: string): FileErrorCode {
  switch (code) {
    case "blob_missing":
      return "sync_staged_audio_expired";
    case "unsupported_audio":
      return "sync_unsupported_audio";
    case "audio_too_long":
      return "sync_audio_too_long";
    case "invalid_audio":
    case "sync_invalid_name":
    case "sync_invalid_timestamp":
      return "sync_invalid_audio";
    default:
      return "sync_decode_failed";
  }
}

/** The code of a piece that the speech engines did not take. */
export function codeOfSpeechFailure(code: string): FileErrorCode {
  switch (code) {
    case "stt_refused":
      return "stt_invalid_input";
    case "stt_timeout":
      return "stt_timeout";
    case "stt_none":
    case "stt_no_batch":
    case "stt_unauthorized":
      return "stt_provider_configuration_error";
    default:
      return "stt_upstream_error";
  }
}
