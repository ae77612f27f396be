/** What tests of the recording log need, also in a page: the contract of its stores and a disk that fails on demand. */
export * from "../contract/log-store.ts";
export * from "./memory-disk.ts";
