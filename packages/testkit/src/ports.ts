/**
 * Ports for servers that a test kills and starts again on the same address. They lie below the range from which the system
 * takes ports for outgoing connections, so that nobody takes one while its server is down. A test process gives none out twice,
 * and those that vitest runs side by side choose among different ones.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const FIRST = 20_000;
const LAST = 32_000;
/** Test processes at a time, at most; their numbers count from 1. */
const PROCESSES = 4;
const OWN = Number(process.env.VITEST_POOL_ID ?? 0) % PROCESSES;
const given = new Set<number>();

/** A port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST / PROCESSES, LAST / PROCESSES) * PROCESSES + OWN;
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
