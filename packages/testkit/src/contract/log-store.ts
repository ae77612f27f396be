/**
 * What every store of the recording log must do, as cases that run anywhere: in a test runner, in a page, in a worker. A case
 * throws where the store does not keep its promise. Every adapter runs all of them; what only a loss of power could show is
 * shown with the store in memory, and the kill of a process with the stores on disk.
 */
import type { LogStore, OpenStore } from "@holdfast/client";

export interface LogStoreHarness {
  /** Opens the same place each time it is called. */
  open(): Promise<OpenStore>;
}

export interface LogStoreCase {
  readonly name: string;
  run(harness: LogStoreHarness): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function content(store: LogStore, name: string): Promise<string> {
  return textOf(await store.read(name, 0, Number.POSITIVE_INFINITY));
}

function same(got: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: got ${a}, wanted ${b}`);
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return "no error";
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

function onStore(name: string, run: (store: LogStore) => Promise<void>): LogStoreCase {
  return {
    name,
    run: async (harness) => {
      await using opened = await harness.open();
      await run(opened.store);
    },
  };
}

export const LOG_STORE_CONTRACT: readonly LogStoreCase[] = [
  onStore("begins empty", async (store) => {
    same(await store.list(), [], "files");
  }),
  onStore("makes a file with its first write, and grows it", async (store) => {
    await store.write("a.seg", 0, bytesOf("one "));
    await store.write("a.seg", 4, bytesOf("two"));
    same(await content(store, "a.seg"), "one two", "content");
    same(await store.list(), ["a.seg"], "files");
  }),
  onStore("lists files by their ending", async (store) => {
    for (const name of ["a.seg", "b.seg", "c.journal", "seg", "a.seg.old"]) await store.write(name, 0, bytesOf(name));
    same([...(await store.list(".seg"))].sort(), ["a.seg", "b.seg"], "one ending");
    same(await store.list(".none"), [], "another");
    same([...(await store.list())].sort(), ["a.seg", "a.seg.old", "b.seg", "c.journal", "seg"], "all");
    await store.remove("a.seg");
    same(await store.list(".seg"), ["b.seg"], "after a removal");
  }),
  onStore("makes an empty file", async (store) => {
    await store.write("empty", 0, bytesOf(""));
    await store.sync("empty");
    same(await store.list(), ["empty"], "files");
    same(await content(store, "empty"), "", "content");
  }),
  onStore("cuts off what lies behind a write", async (store) => {
    for (const [at, piece] of ["aaaa", "bbbb", "cccc"].entries()) await store.write("a", at * 4, bytesOf(piece));
    await store.write("a", 6, bytesOf("X"));
    same(await content(store, "a"), "aaaabbX", "after a write inside a piece");
    await store.write("a", 4, bytesOf(""));
    same(await content(store, "a"), "aaaa", "after a cut between pieces");
    await store.write("a", 4, bytesOf("dd"));
    same(await content(store, "a"), "aaaadd", "grown again");
    await store.write("a", 0, bytesOf(""));
    same(await content(store, "a"), "", "cut to nothing");
  }),
  onStore("cuts and grows what was synced before", async (store) => {
    await store.write("a", 0, bytesOf("0123"));
    await store.write("a", 4, bytesOf("4567"));
    await store.sync("a");
    await store.write("a", 2, bytesOf("ab"));
    await store.sync("a");
    same(await content(store, "a"), "01ab", "content");
    await store.write("a", 4, bytesOf("cd"));
    same(await content(store, "a"), "01abcd", "content after the sync");
  }),
  onStore("refuses to leave a hole", async (store) => {
    await store.write("a", 0, bytesOf("abc"));
    same(await codeOf(store.write("a", 4, bytesOf("x"))), "write_past_end", "code");
    same(await codeOf(store.write("new", 1, bytesOf("x"))), "write_past_end", "code of a new file");
    same(await content(store, "a"), "abc", "content");
  }),
  onStore("reads a part, and no more than there is", async (store) => {
    for (let at = 0; at < 10; at += 2) await store.write("a", at, bytesOf("0123456789".slice(at, at + 2)));
    same(textOf(await store.read("a", 3, 7)), "3456", "inside");
    same(textOf(await store.read("a", 4, 6)), "45", "one piece");
    same(textOf(await store.read("a", 8, 99)), "89", "over the end");
    same(textOf(await store.read("a", 12, 20)), "", "behind the end");
    same(textOf(await store.read("a", 5, 5)), "", "nothing");
  }),
  onStore("gives bytes of its own, and keeps its own", async (store) => {
    const bytes = bytesOf("abc");
    await store.write("a", 0, bytes);
    bytes.fill(0);
    (await store.read("a", 0, 3)).fill(1);
    same(await content(store, "a"), "abc", "content");
  }),
  onStore("says which file is missing", async (store) => {
    same(await codeOf(store.read("none", 0, 1)), "file_missing", "read");
    same(await codeOf(store.sync("none")), "file_missing", "sync");
    same(await codeOf(store.remove("none")), "no error", "remove");
  }),
  onStore("takes no paths for names", async (store) => {
    for (const name of ["../a", "a/b", ".a", "", "A", "a\\b", "a\u0000"]) {
      same(await codeOf(store.write(name, 0, bytesOf("x"))), "invalid_name", JSON.stringify(name));
    }
    same(await store.list(), [], "files");
  }),
  onStore("removes one file and no other, and makes it anew", async (store) => {
    await store.write("a", 0, bytesOf("aaa"));
    await store.write("a.b", 0, bytesOf("bbb"));
    await store.sync("a");
    await store.remove("a");
    same(await store.list(), ["a.b"], "files");
    same(await content(store, "a.b"), "bbb", "the other");
    await store.write("a", 0, bytesOf("new"));
    same(await content(store, "a"), "new", "made anew");
  }),
  onStore("syncs while it writes", async (store) => {
    let at = 0;
    const syncs: Promise<void>[] = [];
    for (let i = 0; i < 60; i++) {
      await store.write("a", at, bytesOf(`${i},`));
      at += `${i},`.length;
      if (i % 7 === 0) syncs.push(store.sync("a"));
    }
    await Promise.all(syncs);
    same(await content(store, "a"), Array.from({ length: 60 }, (_, i) => `${i},`).join(""), "content");
  }),
  onStore("keeps many files apart", async (store) => {
    const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
    for (const round of [0, 1]) {
      await Promise.all(names.map((name, i) => store.write(name, round * String(i).length, bytesOf(String(i)))));
    }
    await Promise.all(names.map((name) => store.sync(name)));
    for (const [i, name] of names.entries()) same(await content(store, name), `${i}${i}`, name);
    same([...(await store.list())].sort(), [...names].sort(), "files");
  }),
  onStore("keeps a large write whole", async (store) => {
    const large = new Uint8Array(3_000_000).map((_, at) => (at * 31) % 251);
    await store.write("large", 0, large);
    const got = await store.read("large", 0, Number.POSITIVE_INFINITY);
    same(got.length, large.length, "length");
    same(
      got.every((byte, at) => byte === large[at]),
      true,
      "every byte",
    );
  }),
  {
    name: "finds everything again when it is opened anew",
    run: async (harness) => {
      const first = await harness.open();
      await first.store.write("a", 0, bytesOf("written"));
      await first.store.write("b", 0, bytesOf("synced"));
      await first.store.sync("b");
      await first.store.write("c", 0, bytesOf("removed"));
      await first.store.remove("c");
      await first.store.write("d", 0, bytesOf("a long one"));
      await first.store.write("d", 2, bytesOf("cut"));
      await first.close();
      await first.close();
      await using again = await harness.open();
      same([...(await again.store.list())].sort(), ["a", "b", "d"], "files");
      same(await content(again.store, "d"), "a cut", "what was cut");
      same(await content(again.store, "a"), "written", "a");
      await again.store.write("b", 6, bytesOf(" on"));
      same(await content(again.store, "b"), "synced on", "b");
    },
  },
  {
    name: "belongs to one owner at a time",
    run: async (harness) => {
      const first = await harness.open();
      same(await codeOf(harness.open()), "log_in_use", "second owner");
      await first.store.write("a", 0, bytesOf("still works"));
      await first.close();
      await using second = await harness.open();
      same(await content(second.store, "a"), "still works", "content");
    },
  },
  onStore("says what it knows of its space", async (store) => {
    const { freeBytes, usedBytes, persisted } = await store.space();
    for (const bytes of [freeBytes, usedBytes]) same(bytes === null || bytes >= 0, true, `bytes ${bytes}`);
    same(persisted === null || typeof persisted === "boolean", true, "persisted");
    same(typeof (await store.space(true)).persisted, typeof persisted === "boolean" ? "boolean" : "object", "asked");
  }),
];
