/** The LC3 package brings no types; only what `live/lc3.ts` uses is declared. */
declare module "lc3codec/lc3/decoder/decoder.js" {
  import type { LC3BEC } from "lc3codec/lc3/decoder/bec.js";

  class LC3Decoder {
    constructor(frameDuration: object, sampleRate: object);
    /** 16-bit samples of one frame. What it finds to be corrupt it marks, and makes up. */
    decode(frame: Uint8Array, errors: LC3BEC, into: Int16Array): Int16Array;
  }
  const library: { LC3Decoder: typeof LC3Decoder };
  export default library;
}
declare module "lc3codec/lc3/decoder/bec.js" {
  class LC3BEC {
    constructor(corrupt: boolean);
    isMarked(): boolean;
  }
  const library: { LC3BEC: typeof LC3BEC };
  export default library;
  export type { LC3BEC };
}
declare module "lc3codec/lc3/common/fs.js" {
  const library: { LC3SampleRate: { readonly FS_16000: object } };
  export default library;
}
declare module "lc3codec/lc3/common/nms.js" {
  const library: { LC3FrameDuration: { readonly NMS_10000US: object } };
  export default library;
}
