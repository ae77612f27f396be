/**
 * The bytes of the index: lines of JSON, each behind the CRC-32 of its text. The first line is the head with version and
 * generation; lines of changes follow, then one line that ends the snapshot, then lines of later changes.
 *
 *   89ab12cd {"holdfast":"index","version":1,"generation":7}
 *   0a1b2c3d [change, change, ...]
 *   4e5f6071 {"snapshot_end":true}
 *   2d3e4f50 [change]
 *
 * A line happens as a whole or not at all. A generation without the end of its snapshot is wrong as a whole.
 */
import { crc32 } from "./checksum.ts";
import { applyChange, type Change, emptyIndex, type IndexState } from "./index-state.ts";

const NEWLINE = 10;
/** Eight digits and a space. */
const PREFIX = 9;
const SNAPSHOT_END = { snapshot_end: true };

function line(value: unknown): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const out = new Uint8Array(PREFIX + body.length + 1);
  out.set(body, PREFIX);
  const checksum = crc32(body).toString(16).padStart(8, "0");
  for (let at = 0; at < 8; at++) out[at] = checksum.charCodeAt(at);
  out[8] = 32;
  out[out.length - 1] = NEWLINE;
  return out;
}

export const encodeChanges = (changes: readonly Change[]): Uint8Array => line(changes);
export const encodeHead = (generation: number): Uint8Array => line({ holdfast: "index", version: 1, generation });
export const encodeSnapshotEnd = (): Uint8Array => line(SNAPSHOT_END);

/** Reads a generation in parts of any size. It stops, for good, at the first line that does not check out. */
export class JournalReader {
  readonly state: IndexState = emptyIndex();
  /** The snapshot was read to its end: the state was true at some moment. */
  hasSnapshot = false;
  /** A line did not check out; what came behind it was not looked at. */
  stopped = false;
  /** Where the lines end that checked out. */
  end = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #hasHead = false;
  readonly #decoder = new TextDecoder();

  feed(part: Uint8Array): void {
    if (this.stopped) return;
    const bytes = this.#rest.length === 0 ? part : joined(this.#rest, part);
    let at = 0;
    for (let newline = bytes.indexOf(NEWLINE); newline !== -1; newline = bytes.indexOf(NEWLINE, at)) {
      if (!this.#line(bytes, at, newline)) {
        this.stopped = true;
        return;
      }
      this.end += newline + 1 - at;
      at = newline + 1;
    }
    this.#rest = bytes.slice(at);
  }

  #line(bytes: Uint8Array, start: number, end: number): boolean {
    if (end < start + PREFIX) return false;
    const said = Number.parseInt(String.fromCharCode(...bytes.subarray(start, start + 8)), 16);
    if (said !== crc32(bytes, start + PREFIX, end)) return false;
    const value: unknown = JSON.parse(this.#decoder.decode(bytes.subarray(start + PREFIX, end)));
    if (!this.#hasHead) {
      this.#hasHead = isRecord(value) && value.holdfast === "index" && value.version === 1;
      return this.#hasHead;
    }
    if (Array.isArray(value)) for (const change of value) applyChange(this.state, change as Change);
    else if (isRecord(value) && value.snapshot_end === true) this.hasSnapshot = true;
    return true;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
