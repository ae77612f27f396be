/**
 * The little of PostgreSQL's wire protocol (version 3, extended query) that the engine speaks: one statement out, its rows
 * back. Written for speed: a world asks a thousand times a second, and the general parsers cost more than the statements.
 */

export interface Column {
  readonly name: string;
  readonly type: number;
}

export interface Answer {
  /** Present where the description was asked for. */
  readonly columns: readonly Column[] | undefined;
  readonly rows: (string | null)[][];
  /** As in `INSERT 0 1`. */
  readonly tag: string;
  readonly error: ServerError | undefined;
}

/** What the server says of a statement that it refuses; the SQLSTATE is in `code`. */
export class ServerError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "error";
    this.code = code;
  }
}

let buffer = Buffer.allocUnsafe(65_536);
let at = 0;

function reserve(bytes: number): void {
  if (at + bytes <= buffer.length) return;
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
  buffer.copy(larger, 0, 0, at);
  buffer = larger;
}

function byte(value: number): void {
  reserve(1);
  buffer[at++] = value;
}

function int16(value: number): void {
  reserve(2);
  at = buffer.writeInt16BE(value, at);
}

function int32(value: number): void {
  reserve(4);
  at = buffer.writeInt32BE(value, at);
}

function text(value: string): void {
  reserve(value.length * 3 + 1);
  at += buffer.write(value, at);
  buffer[at++] = 0;
}

function message(type: string, body: () => void): void {
  byte(type.charCodeAt(0));
  const start = at;
  int32(0);
  body();
  buffer.writeInt32BE(at - start, start);
}

/** Frames of one execution of a prepared statement; `parse` where it is not prepared yet. */
export function statementFrames(
  name: string,
  parse: string | undefined,
  values: readonly (string | Uint8Array | null)[],
): Uint8Array {
  at = 0;
  if (parse !== undefined) {
    message("P", () => {
      text(name);
      text(parse);
      int16(0);
    });
  }
  message("B", () => {
    text("");
    text(name);
    int16(values.length);
    for (const value of values) int16(value instanceof Uint8Array ? 1 : 0);
    int16(values.length);
    for (const value of values) bindValue(value);
    int16(0);
  });
  if (parse !== undefined) {
    message("D", () => {
      byte("P".charCodeAt(0));
      text("");
    });
  }
  message("E", () => {
    text("");
    int32(0);
  });
  message("S", () => {});
  return Uint8Array.prototype.slice.call(buffer, 0, at);
}

function bindValue(value: string | Uint8Array | null): void {
  if (value === null) {
    int32(-1);
    return;
  }
  if (value instanceof Uint8Array) {
    int32(value.length);
    reserve(value.length);
    buffer.set(value, at);
    at += value.length;
    return;
  }
  const start = at;
  int32(0);
  reserve(value.length * 3);
  at += buffer.write(value, at);
  buffer.writeInt32BE(at - start - 4, start);
}

export function scriptFrames(script: string): Uint8Array {
  at = 0;
  message("Q", () => text(script));
  return Uint8Array.prototype.slice.call(buffer, 0, at);
}

export function readAnswer(bytes: Uint8Array): Answer {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let columns: Column[] | undefined;
  let tag = "";
  let error: ServerError | undefined;
  const rows: (string | null)[][] = [];
  for (let start = 0; start < data.length; ) {
    const type = data[start];
    const end = start + 1 + data.readInt32BE(start + 1);
    const body = start + 5;
    // T, D, C, E; everything else says nothing of interest.
    if (type === 0x54) columns = readColumns(data, body);
    else if (type === 0x44) rows.push(readRow(data, body));
    else if (type === 0x43) tag = data.toString("latin1", body, end - 1);
    else if (type === 0x45) error ??= readError(data, body, end);
    start = end;
  }
  return { columns, rows, tag, error };
}

function readColumns(data: Buffer, start: number): Column[] {
  const count = data.readInt16BE(start);
  const columns: Column[] = [];
  let position = start + 2;
  for (let index = 0; index < count; index++) {
    const nameEnd = data.indexOf(0, position);
    columns.push({ name: data.toString("utf8", position, nameEnd), type: data.readInt32BE(nameEnd + 7) });
    position = nameEnd + 19;
  }
  return columns;
}

function readRow(data: Buffer, start: number): (string | null)[] {
  const count = data.readInt16BE(start);
  const fields: (string | null)[] = [];
  let position = start + 2;
  for (let index = 0; index < count; index++) {
    const length = data.readInt32BE(position);
    position += 4;
    if (length < 0) fields.push(null);
    else {
      fields.push(data.toString("utf8", position, position + length));
      position += length;
    }
  }
  return fields;
}

function readError(data: Buffer, start: number, end: number): ServerError {
  const fields = new Map<string, string>();
  for (let position = start; position < end && data[position] !== 0; ) {
    const stop = data.indexOf(0, position + 1);
    fields.set(String.fromCharCode(data[position] ?? 0), data.toString("utf8", position + 1, stop));
    position = stop + 1;
  }
  return new ServerError(fields.get("M") ?? "unknown error", fields.get("C") ?? "XX000");
}
