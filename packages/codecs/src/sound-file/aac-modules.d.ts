/** The two small AAC packages bring no types; only what `aac.ts` uses is declared. */
declare module "av" {
  class AvBuffer {
    constructor(bytes: Uint8Array);
  }
  class BufferList {
    append(buffer: AvBuffer): void;
  }
  class Stream {
    constructor(list: BufferList);
  }
  class Bitstream {
    constructor(stream: Stream);
  }
  interface DecoderInstance {
    format: { channelsPerFrame: number; sampleRate: number };
    bitstream: Bitstream;
    init(): void;
    setCookie(cookie: AvBuffer): void;
    readChunk(): Float32Array;
  }
  interface DecoderClass {
    prototype: DecoderInstance;
  }
  const AV: {
    Buffer: typeof AvBuffer;
    BufferList: typeof BufferList;
    Stream: typeof Stream;
    Bitstream: typeof Bitstream;
    Decoder: { find(id: string): DecoderClass | undefined };
  };
  export default AV;
}
declare module "aac" {}
declare module "aac/src/ics.js" {
  const ICStream: { prototype: object };
  export default ICStream;
}
