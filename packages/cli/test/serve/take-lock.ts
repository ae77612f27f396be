/** Tries to take the lock of the folder argv[2], says `mine` or why not, and holds it until standard input ends. */
import { once } from "node:events";
import { messageOf } from "@holdfast/contract";
import { takeDataLock } from "../../src/supervisor/data-lock.ts";

try {
  const lock = await takeDataLock(process.argv[2] ?? "");
  process.stdout.write("mine\n");
  process.stdin.resume();
  await once(process.stdin, "end");
  lock.release();
} catch (error) {
  process.stdout.write(`${messageOf(error)}\n`);
}
