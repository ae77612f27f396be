/**
 * What was let go over the page: its files, and those of its folders, however deep. Files that systems hide in folders of their own
 * accord are left out.
 */

/** Ask in the handler of the drop: afterwards the browser knows nothing of it. Never rejects; what cannot be read is left out. */
export async function droppedFiles({ items, files }: DataTransfer): Promise<File[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? null).filter((entry) => entry !== null);
  // Some browsers, and whatever drops by script, know no entries.
  if (entries.length === 0) return [...files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (isFile(entry)) {
    const file = await new Promise<File | null>((resolve) => entry.file(resolve, () => resolve(null)));
    return file === null ? [] : [file];
  }
  if (!isFolder(entry)) return [];
  const inside = (await entriesOf(entry)).filter(({ name }) => !name.startsWith(".") && name !== "Thumbs.db");
  return (await Promise.all(inside.map(filesOf))).flat();
}

/** Browsers give them in lots, and an empty one at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const lot = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (lot.length === 0) return all;
    all.push(...lot);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
