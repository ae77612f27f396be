/**
 * Ogg Opus files of one mono stream (RFC 7845 over RFC 3533): written packet by packet, so that a recording of many hours needs
 * no more memory than a short one, and read back packet by packet. Pre-skip is 0 and the positions are sums of packet lengths,
 * so the time of every packet is exact. Any player reads what is written here; only such files are read here.
 */
import { opusPacketMs } from "@holdfast/contract";

const CAPTURE = [0x4f, 0x67, 0x67, 0x53]; // OggS
const FIRST = 2;
const LAST = 4;
/** Positions count samples at this rate, whatever the sound was made at. */
const GRANULE_PER_MS = 48;
const MAX_LACES = 255;
/** A page is closed after this much sound, so that players can seek. */
const PAGE_MS = 1_000;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = (value & 0x80000000) === 0 ? value << 1 : (value << 1) ^ 0x04c11db7;
  return value >>> 0;
});

export interface OggOpusWriter {
  /** Bytes that are ready, possibly none. `packet` must be a whole Opus packet of at most 1,275 bytes a frame. */
  push(packet: Uint8Array): Uint8Array;
  /** The last bytes of the file. The writer is of no use afterwards. */
  end(): Uint8Array;
}

/** `serial` names the stream within the file. The first call of `push` or `end` also gives the headers. */
export function createOggOpusWriter(serial: number): OggOpusWriter {
  let sequence = 0;
  let granule = 0;
  let pageMs = 0;
  let laces: number[] = [];
  let packets: Uint8Array[] = [];
  let headers: Uint8Array | undefined = concat([
    pageOf({ flags: FIRST, granule: 0, serial, sequence: sequence++ }, ...laced(identification())),
    pageOf({ flags: 0, granule: 0, serial, sequence: sequence++ }, ...laced(comments())),
  ]);

  const flush = (flags: number): Uint8Array => {
    const page = pageOf({ flags, granule, serial, sequence: sequence++ }, laces, packets);
    laces = [];
    packets = [];
    pageMs = 0;
    return page;
  };
  const withHeaders = (bytes: readonly Uint8Array[]): Uint8Array => {
    const all = headers === undefined ? bytes : [headers, ...bytes];
    headers = undefined;
    return concat(all);
  };

  return {
    push(packet) {
      const ms = opusPacketMs(packet) ?? 0;
      const [newLaces] = laced(packet);
      const ready: Uint8Array[] = [];
      // The last packet is held back, so that the last page is never empty.
      if (pageMs >= PAGE_MS || laces.length + newLaces.length > MAX_LACES) ready.push(flush(0));
      laces.push(...newLaces);
      packets.push(packet);
      granule += ms * GRANULE_PER_MS;
      pageMs += ms;
      return withHeaders(ready);
    },
    end: () => withHeaders([flush(LAST)]),
  };
}

/** The packets of a file that `createOggOpusWriter` made. What a broken tail cuts off is left out. */
export function* readOggOpus(file: Uint8Array): Generator<Uint8Array> {
  let packet: Uint8Array[] = [];
  let count = 0;
  for (const { laces, body } of pagesOf(file)) {
    let at = 0;
    for (const lace of laces) {
      packet.push(body.subarray(at, at + lace));
      at += lace;
      if (lace === 255) continue;
      // The first two packets are the headers.
      if (count++ >= 2) yield packet.length === 1 ? (packet[0] ?? new Uint8Array(0)) : concat(packet);
      packet = [];
    }
  }
}

function* pagesOf(file: Uint8Array): Generator<{ readonly laces: Uint8Array; readonly body: Uint8Array }> {
  let at = 0;
  while (at + 27 <= file.length && CAPTURE.every((byte, index) => file[at + index] === byte)) {
    const laces = file.subarray(at + 27, at + 27 + (file[at + 26] ?? 0));
    const start = at + 27 + laces.length;
    const end = start + laces.reduce((sum, lace) => sum + lace, 0);
    if (end > file.length) return;
    yield { laces, body: file.subarray(start, end) };
    at = end;
  }
}

interface PageHead {
  readonly flags: number;
  readonly granule: number;
  readonly serial: number;
  readonly sequence: number;
}

function pageOf(head: PageHead, laces: readonly number[], packets: readonly Uint8Array[]): Uint8Array {
  const page = new Uint8Array(27 + laces.length + packets.reduce((sum, packet) => sum + packet.length, 0));
  const view = new DataView(page.buffer);
  page.set(CAPTURE);
  page[5] = head.flags;
  view.setBigInt64(6, BigInt(Math.round(head.granule)), true);
  view.setUint32(14, head.serial >>> 0, true);
  view.setUint32(18, head.sequence, true);
  page[26] = laces.length;
  page.set(laces, 27);
  let at = 27 + laces.length;
  for (const packet of packets) {
    page.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, crcOf(page), true);
  return page;
}

function laced(packet: Uint8Array): [number[], Uint8Array[]] {
  const laces = new Array<number>(Math.floor(packet.length / 255)).fill(255);
  laces.push(packet.length % 255);
  return [laces, [packet]];
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  return crc;
}

/** Version 1, one channel, no pre-skip, 16 kHz for information, no gain, mapping family 0. */
function identification(): Uint8Array {
  const packet = new Uint8Array(19);
  packet.set(new TextEncoder().encode("OpusHead"));
  packet[8] = 1;
  packet[9] = 1;
  new DataView(packet.buffer).setUint32(12, 16_000, true);
  return packet;
}

function comments(): Uint8Array {
  const vendor = new TextEncoder().encode("holdfast");
  const packet = new Uint8Array(8 + 4 + vendor.length + 4);
  packet.set(new TextEncoder().encode("OpusTags"));
  new DataView(packet.buffer).setUint32(8, vendor.length, true);
  packet.set(vendor, 12);
  return packet;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
