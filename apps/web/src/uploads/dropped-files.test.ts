/** What was dropped, as browsers hand it over: files, folders in folders, lots, and what cannot be read. */
import { expect, it } from "vitest";
import { droppedFiles } from "./dropped-files.ts";

type Named = Pick<FileSystemEntry, "name" | "isFile" | "isDirectory">;

const file = (name: string): Named & Pick<FileSystemFileEntry, "file"> => ({
  ...{ name, isFile: true, isDirectory: false },
  file: (found) => found(new File([name], name)),
});

const unreadable = (name: string): Named & Pick<FileSystemFileEntry, "file"> => ({
  ...file(name),
  file: (_found, failed) => failed?.(new DOMException("", "NotReadableError")),
});

/** Told one after the other, as browsers tell large folders in lots. */
const folder = (name: string, ...inside: readonly Named[]): Named & Pick<FileSystemDirectoryEntry, "createReader"> => ({
  ...{ name, isFile: false, isDirectory: true },
  createReader: () => {
    const rest = [...inside];
    return { readEntries: (found) => found(rest.splice(0, 1) as FileSystemEntry[]) };
  },
});

function dropped(entries: readonly (Named | null)[], files: readonly File[] = []): DataTransfer {
  const items = entries.map((entry) => ({ webkitGetAsEntry: () => entry }));
  return { items, files } as unknown as DataTransfer;
}

const names = async (transfer: DataTransfer): Promise<string[]> =>
  (await droppedFiles(transfer)).map(({ name }) => name);

it("takes files, and those of folders however deep and however large", async () => {
  const deep = folder("2026", file("b.wav"), file("c.wav"), folder("may", file("d.wav")));
  expect(await names(dropped([file("a.wav"), deep]))).toEqual(["a.wav", "b.wav", "c.wav", "d.wav"]);
});

it("leaves out what systems put into folders, and what cannot be read", async () => {
  const inside = folder("talks", file(".DS_Store"), file("Thumbs.db"), unreadable("gone.wav"), file("a.wav"));
  expect(await names(dropped([inside]))).toEqual(["a.wav"]);
});

it("takes the files where the browser knows no entries", async () => {
  expect(await names(dropped([null], [new File(["x"], "a.wav")]))).toEqual(["a.wav"]);
  expect(await names(dropped([]))).toEqual([]);
});
