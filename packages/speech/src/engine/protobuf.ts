/**
 * As much of the protocol-buffer wire format as it takes to change a few fields of a large file and copy all others as they
 * are: a message is a list of fields, a field keeps its bytes. Meaning (which number is what) is the caller's.
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

export interface Field {
  readonly number: number;
  /** What a field of bytes, a text or a message holds; empty for numbers. */
  readonly content: Uint8Array;
  /** The whole field as it stands in the message. */
  readonly whole: Uint8Array;
}

/** Throws for bytes that are no message. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("the message ends within a number");
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const skip = (wire: number): Uint8Array => {
    if (wire === BYTES) {
      const length = varint();
      at += length;
      return message.subarray(at - length, at);
    }
    if (wire === VARINT) varint();
    else if (wire === FIXED64) at += 8;
    else if (wire === FIXED32) at += 4;
    else throw new Error(`the message has a field of kind ${wire}`);
    return message.subarray(at, at);
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const content = skip(tag & 7);
    if (at > message.length) throw new Error("the message ends within a field");
    fields.push({ number: Math.floor(tag / 8), content, whole: message.subarray(start, at) });
  }
  return fields;
}

/** Bytes in parts, which are copied once, by `joinBytes`: a model is large and its messages are deep. */
export type Rope = Uint8Array | readonly Rope[];

export function bytesField(number: number, content: Rope | string): Rope {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return [varintBytes(number * 8 + BYTES), varintBytes(lengthOf(bytes)), bytes];
}

export function numberField(number: number, value: number): Rope {
  return [varintBytes(number * 8 + VARINT), varintBytes(value)];
}

export function joinBytes(rope: Rope): Uint8Array {
  const out = new Uint8Array(lengthOf(rope));
  let at = 0;
  const put = (part: Rope): void => {
    if (part instanceof Uint8Array) {
      out.set(part, at);
      at += part.length;
    } else for (const inner of part) put(inner);
  };
  put(rope);
  return out;
}

function lengthOf(rope: Rope): number {
  return rope instanceof Uint8Array ? rope.length : rope.reduce((sum: number, part) => sum + lengthOf(part), 0);
}

/** A whole number from 0 on. */
function varintBytes(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...out, rest]);
}
