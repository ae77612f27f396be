/**
 * Sound in, 16 kHz mono Float32 out: live messages, `.bin` recordings and the files people drop. Pure decoding without
 * sockets or global state, to be called from worker threads and processes that may be busy. Each decoder is loaded when it
 * is first needed, so importing this package costs next to nothing.
 */
export { createMessageDecoder, type MessageDecoder, type MessageDecoderOptions } from "./message-decoder.ts";
export { createOggOpusWriter, type OggOpusWriter, readOggOpus } from "./ogg-opus.ts";
export { createOpusEncoder, type OpusEncoder } from "./opus-encoder.ts";
export { createResampler, type Resampler, resampleAll, TARGET_RATE } from "./resample.ts";
export { type DecodedSound, decodeSoundFile, type SoundSource } from "./sound-file/decode.ts";
export { encodeWav16, readPlainWav } from "./wav.ts";
