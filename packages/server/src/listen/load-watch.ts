/**
 * How the process and what it stands on are doing, looked at every few seconds, so that deciding about a new session costs
 * nothing: does the database answer, how much room has the disk, how late is the loop.
 */
import { statfs } from "node:fs/promises";
import { type Clock, type SessionLoad, sleep } from "@holdfast/core";
import { startLoopDelayMonitor } from "@holdfast/runtime";
import { type Db, pingDatabase } from "@holdfast/store";

export interface LoadWatch {
  read(): Pick<SessionLoad, "databaseReachable" | "diskFreeBytes" | "loopDelayMs">;
  close(): void;
}

const LOOK_EVERY_MS = 2_000;
const PING_DEADLINE_MS = 3_000;

export function watchLoad(deps: { readonly db: Db; readonly clock: Clock; readonly folder: string }): LoadWatch {
  const { db, clock, folder } = deps;
  const delay = startLoopDelayMonitor();
  let databaseReachable = true;
  let diskFreeBytes: number | undefined;
  let loopDelayMs = 0;
  let looking = false;

  const look = async (): Promise<void> => {
    loopDelayMs = delay.read().p99Ms;
    delay.reset();
    const ended = new AbortController();
    const late = sleep(clock, PING_DEADLINE_MS, ended.signal).then(() => false);
    const answered = pingDatabase(db).then(
      () => true,
      () => false,
    );
    databaseReachable = await Promise.race([answered, late]);
    ended.abort();
    // A folder that does not exist yet has no free space to speak of; embedded PostgreSQL makes it before it is needed.
    diskFreeBytes = await statfs(folder).then(
      (disk) => disk.bavail * disk.bsize,
      () => undefined,
    );
  };
  const timer = clock.every(LOOK_EVERY_MS, () => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  });
  return {
    read: () => ({ databaseReachable, diskFreeBytes, loopDelayMs }),
    close() {
      timer.cancel();
      delay.close();
    },
  };
}
