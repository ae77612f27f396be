/**
 * A ZIP file as a stream, made while it is read: one entry after the other, never faster than the reader takes it, deflated on
 * other threads than the one that holds the sockets. Larger than 4 GiB where it has to be. Who reads no more ends everything.
 */
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { ZipFile } from "yazl";

export interface ZipStream {
  readonly output: Readable;
  /** Resolves when all bytes of the entry were taken. Rejects where its source fails, or nobody reads any more. */
  add(path: string, source: AsyncIterable<Uint8Array>, options: { readonly compress: boolean }): Promise<void>;
  /** There are no more entries. */
  end(): void;
  /** Breaks the file off: whoever reads it sees that it is not whole. */
  fail(error: Error): void;
}

export function createZip(options: { readonly nowMs: number }): ZipStream {
  const zip = new ZipFile();
  const mtime = new Date(options.nowMs);
  // Made by `new PassThrough()`, whatever its declared type is.
  const output = zip.outputStream as Readable;
  let current: Readable | undefined;
  const gone = (): Error => new Error("nobody reads the archive any more");
  const fail = (error: Error): void => {
    output.destroy(error);
  };
  zip.on("error", fail);
  output.on("error", () => {});
  output.on("close", () => current?.destroy(gone()));
  return {
    output,
    async add(path, source, { compress }) {
      if (output.destroyed) throw gone();
      const bytes = Readable.from(source, { objectMode: false });
      current = bytes;
      const taken = finished(bytes, { writable: false });
      zip.addReadStream(bytes, path, { mtime, compress, mode: 0o100600 });
      await taken;
    },
    end: () => zip.end(),
    fail,
  };
}
