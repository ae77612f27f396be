/** What a browser says about its storage, as the port wants it. */
import type { StoreSpace } from "./store.ts";
import { storageFailed, storageFull } from "./store.ts";

/** The part of `navigator.storage` that is needed. */
export interface BrowserStorage {
  estimate(): Promise<{ usage?: number; quota?: number }>;
  persisted(): Promise<boolean>;
  persist(): Promise<boolean>;
}

export async function browserSpace(storage: BrowserStorage | undefined, ask: boolean): Promise<StoreSpace> {
  if (storage === undefined) return { freeBytes: null, usedBytes: null, persisted: null };
  const persisted = ask ? await storage.persist() : await storage.persisted();
  const { usage, quota } = await storage.estimate();
  const freeBytes = usage === undefined || quota === undefined ? null : Math.max(0, quota - usage);
  return { freeBytes, usedBytes: usage ?? null, persisted };
}

/** A failure of the browser's storage as HoldfastError. */
export function storageError(error: unknown, what: string): Error {
  if (error instanceof Error && "code" in error && error.name === "HoldfastError") return error;
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
  return name === "QuotaExceededError" ? storageFull(error) : storageFailed(`${what} failed`, error);
}
