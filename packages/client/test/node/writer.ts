/** A process that records into a folder until it is killed, and says after each frame what is written and what is sealed. */
import { randomUUID } from "node:crypto";
import { RecordingLog } from "../../src/index.ts";
import { openFileStore } from "../../src/node/index.ts";
import { systemClock } from "../../src/system.ts";
import { frameOf, OPUS } from "../log/recordings.ts";

const [folder = "", cutEvery = "40"] = process.argv.slice(2);
const log = await RecordingLog.open({
  store: await openFileStore(folder, randomUUID()),
  owner: "anna",
  clock: systemClock,
  random: { next: () => 0.5, uuid: () => randomUUID() },
  reserveBytes: 0,
});
const session = await log.begin(OPUS);
let sealed = 0;
for (let sequence = 0; ; sequence++) {
  session.append(frameOf(sequence));
  await session.flush();
  if (sequence % Number(cutEvery) === Number(cutEvery) - 1) {
    await session.cut();
    sealed = sequence + 1;
  }
  // A write to a pipe may be short of the reader, never ahead of the disk.
  process.stdout.write(`${session.id} ${sequence + 1} ${sealed}\n`);
  if (sequence % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
}
