/** A program that records in a worker: the log and its files are in one thread. */
import { systemClock as clock, openOpfsStore, RecordingLog, systemRandom as random, serveOpfs } from "@holdfast/client";
import { appendTimes } from "./append-times.ts";

self.onmessage = async ({ data: count }: { data: number }) => {
  const { locks, storage } = navigator;
  const startWorker = () => {
    const { port1, port2 } = new MessageChannel();
    serveOpfs(port1, () => navigator.storage.getDirectory());
    const postMessage = (message: unknown): void => port2.postMessage(message);
    const end = {
      postMessage,
      terminate: () => port2.close(),
      onmessage: null as ((event: never) => void) | null,
      onerror: null,
    };
    port2.onmessage = (event) => end.onmessage?.(event as never);
    return end;
  };
  const store = await openOpfsStore({ folder: crypto.randomUUID(), startWorker, locks, storage, clock });
  const log = await RecordingLog.open({ store, owner: "anna", clock, random });
  const times = await appendTimes(log, count);
  await log.close();
  self.postMessage(times);
};
