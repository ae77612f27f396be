/** The worker's side of the store in the origin private file system: an application's worker module calls `serveOpfs`. */
import { isHoldfastError } from "@holdfast/contract";
import { storageError } from "../browser-storage.ts";
import { OpfsFiles, type OpfsFolder } from "./files.ts";
import type { OpfsAnswer, OpfsFailure, OpfsRequest } from "./protocol.ts";

/** The global of a dedicated worker, or a port. */
export interface MessageEnd {
  postMessage(message: unknown): void;
  onmessage: ((event: never) => void) | null;
}

/** Answers calls, one after the other, until the worker ends; a list takes its time beside them. `root` is `() => navigator.storage.getDirectory()`. */
export function serveOpfs(end: MessageEnd, root: () => Promise<OpfsFolder>): void {
  const files = new OpfsFiles(root);
  let turn: Promise<void> = Promise.resolve();
  end.onmessage = ({ data }: { data: OpfsRequest }) => {
    const call = async (): Promise<void> => end.postMessage(await answer(files, data));
    if (data.call.op === "list") void call();
    else turn = turn.then(call);
  };
}

async function answer(files: OpfsFiles, { id, call }: OpfsRequest): Promise<OpfsAnswer> {
  try {
    return { id, value: await files.do(call) };
  } catch (error) {
    return { id, error: failureOf(storageError(error, `${call.op} in the private file system`)) };
  }
}

function failureOf(error: Error): OpfsFailure {
  if (!isHoldfastError(error)) throw error;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return { message: error.message + cause, code: error.code, class: error.class, scope: error.scope };
}
