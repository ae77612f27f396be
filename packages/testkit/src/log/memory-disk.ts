/**
 * A disk in memory for the recording log that fails as real ones do, on demand. A process can die in the middle of any call
 * that changes something: a part of its bytes is there, it hears nothing any more, and what it wrote before stays. Power can
 * be lost: only what was synced is sure; of the rest any part may be there, the last of it as zeros. It can be full.
 */
import {
  assertStoreName,
  fileMissing,
  type LogStore,
  logInUse,
  type OpenStore,
  storageFailed,
  storageFull,
  writePastEnd,
} from "@holdfast/client";

interface MemoryFile {
  bytes: Uint8Array;
  /** What a loss of power leaves for sure; null where the file may be gone. */
  synced: Uint8Array | null;
}

/** A number in [0, 1) for every choice that chance makes. */
type Chance = () => number;

const NEVER = new Promise<never>(() => {});

export class MemoryDisk {
  readonly #files = new Map<string, MemoryFile>();
  #owner = 0;
  #opened = 0;
  /** Calls that changed something, by all owners. */
  changes = 0;
  #dieAt = Number.POSITIVE_INFINITY;
  #tornShare = 0;
  #death = Promise.withResolvers<void>();
  #failure: { readonly calls: ReadonlySet<string>; readonly full: boolean } | undefined;
  /** Room for all files together. */
  capacityBytes: number = Number.POSITIVE_INFINITY;
  /** What a store says of itself that is opened from now on. */
  listsQuickly = true;
  /** What `space` says; null: nothing. */
  knownFreeBytes: number | null | undefined;

  /** The process dies in its n-th change from now on, of which this share of the bytes is still written. */
  dieAt(change: number, tornShare = 0): void {
    this.#dieAt = this.changes + change;
    this.#tornShare = tornShare;
  }

  /** The process is gone at once. */
  kill(): void {
    this.#owner = 0;
    this.#dieAt = Number.POSITIVE_INFINITY;
    this.#death.resolve();
    this.#death = Promise.withResolvers();
  }

  /** Resolves when the process that has it open now, or next, dies. */
  get death(): Promise<void> {
    return this.#death.promise;
  }

  /** Process and power are gone. */
  cutPower(chance: Chance): void {
    this.kill();
    for (const [name, file] of [...this.#files]) {
      const left = afterPowerLoss(file, chance);
      if (left === null) this.#files.delete(name);
      else this.#files.set(name, { bytes: left, synced: left });
    }
  }

  /** These calls fail until it is called without any. `full`: for want of room. */
  fail(calls: readonly ("write" | "sync" | "remove")[] = [], full = false): void {
    this.#failure = calls.length === 0 ? undefined : { calls: new Set(calls), full };
  }

  /** The bytes as they are now. */
  peek(name: string): Uint8Array | undefined {
    return this.#files.get(name)?.bytes;
  }

  poke(name: string, bytes: Uint8Array): void {
    this.#files.set(name, { bytes, synced: bytes });
  }

  names(): string[] {
    return [...this.#files.keys()];
  }

  delete(name: string): void {
    this.#files.delete(name);
  }

  async open(): Promise<OpenStore> {
    if (this.#owner !== 0) throw logInUse();
    this.#opened += 1;
    const me = this.#opened;
    this.#owner = me;
    const close = async (): Promise<void> => {
      if (this.#owner === me) this.#owner = 0;
    };
    return { store: this.#storeOf(me), close, [Symbol.asyncDispose]: close };
  }

  #storeOf(me: number): LogStore {
    const alive = async (): Promise<void> => {
      // Every call takes a moment, and the process may be gone after it.
      await Promise.resolve();
      if (this.#owner !== me) await NEVER;
    };
    /** Resolves with the share of the call that happens: 1, or what is left of it when the process dies. */
    const changing = async (call: string): Promise<number> => {
      await alive();
      if (this.#failure?.calls.has(call) === true) throw this.#failure.full ? storageFull() : storageFailed("injected");
      this.changes += 1;
      return this.changes >= this.#dieAt ? this.#tornShare : 1;
    };
    const survived = async (share: number): Promise<void> => {
      if (share < 1 || this.changes >= this.#dieAt) {
        this.kill();
        await NEVER;
      }
    };
    return {
      capabilities: { survivesPowerLoss: true, listsQuickly: this.listsQuickly },
      list: async (ending = "") => {
        await alive();
        return this.names().filter((name) => name.endsWith(ending));
      },
      read: async (name, start, end) => {
        await alive();
        return this.#file(name).bytes.slice(start, end);
      },
      write: async (name, at, bytes) => {
        assertStoreName(name);
        const copy = bytes.slice();
        const share = await changing("write");
        const file = this.#files.get(name) ?? { bytes: new Uint8Array(0), synced: null };
        if (at > file.bytes.length) throw writePastEnd(name, at, file.bytes.length);
        const room = this.capacityBytes - this.#bytes() + file.bytes.length - at;
        const fitting = copy.subarray(0, Math.max(0, Math.min(Math.floor(copy.length * share), room)));
        // The cut behind a write is the last that happens.
        const rest = share < 1 ? file.bytes.slice(at + fitting.length) : new Uint8Array(0);
        this.#files.set(name, { ...file, bytes: join(join(file.bytes.slice(0, at), fitting), rest) });
        await survived(share);
        if (fitting.length < copy.length) throw storageFull();
      },
      sync: async (name) => {
        const share = await changing("sync");
        const file = this.#file(name);
        if (share === 1) file.synced = file.bytes;
        await survived(share);
      },
      remove: async (name) => {
        assertStoreName(name);
        const share = await changing("remove");
        if (share > 0) this.#files.delete(name);
        await survived(share);
      },
      space: async () => {
        await alive();
        const free = this.knownFreeBytes === undefined ? this.capacityBytes - this.#bytes() : this.knownFreeBytes;
        return { freeBytes: free, usedBytes: this.#bytes(), persisted: true };
      },
    };
  }

  #bytes(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  #file(name: string): MemoryFile {
    const file = this.#files.get(name);
    if (file === undefined) throw fileMissing(name);
    return file;
  }
}

function afterPowerLoss({ bytes, synced }: MemoryFile, chance: Chance): Uint8Array | null {
  if (synced === null && chance() < 0.3) return null;
  const sure = synced ?? new Uint8Array(0);
  const grew = bytes.length >= sure.length && sure.every((byte, at) => byte === bytes[at]);
  // What was cut and not synced may be as before or as after.
  if (!grew) return chance() < 0.5 ? sure : bytes;
  const kept = bytes.slice(0, sure.length + Math.floor(chance() * (bytes.length - sure.length + 1)));
  const zeros = Math.floor(chance() * (kept.length - sure.length + 1));
  if (chance() < 0.3) kept.fill(0, kept.length - zeros);
  return kept;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
