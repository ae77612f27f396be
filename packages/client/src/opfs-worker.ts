/**
 * A worker module as it is: it holds the files of a store in the origin private file system. An application starts it
 * (`new Worker(address, { type: "module" })`) and hands it to `openOpfsStore`, or imports it in a worker module of its own.
 */
import type { OpfsFolder } from "./log/opfs/files.ts";
import { type MessageEnd, serveOpfs } from "./log/opfs/worker.ts";

/** The global of a dedicated worker, as far as it is needed. */
interface WorkerGlobal extends MessageEnd {
  readonly navigator: { readonly storage: { getDirectory(): Promise<OpfsFolder> } };
}

const worker = globalThis as unknown as WorkerGlobal;
serveOpfs(worker, () => worker.navigator.storage.getDirectory());
