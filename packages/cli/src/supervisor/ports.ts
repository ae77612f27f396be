/** Ports: free ones for the links between our processes, and whether the gateway's is free. */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";
import { type Clock, sleep } from "@holdfast/core";
import { EXIT, ExitError } from "../exit-codes.ts";

const RETRY_MS = 100;

/** Below the range that the system gives to outgoing connections: nobody takes a port while its child is being restarted. */
const FIRST = 20_000;
const LAST = 32_000;

/** That many different ports that are free on `host` now. All are held until all are known, so that none comes twice. */
export async function freePorts(host: string, count: number): Promise<number[]> {
  const held: { port: number; server: Server }[] = [];
  while (held.length < count) {
    const port = randomInt(FIRST, LAST);
    const server = await listen(host, port).catch(() => undefined);
    if (server !== undefined) held.push({ port, server });
  }
  await Promise.all(held.map(({ server }) => close(server)));
  return held.map(({ port }) => port);
}

/** Whether nobody listens on the port. Errors other than "in use" are thrown: no right to bind, no such address. */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  try {
    await close(await listen(host, port));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
}

/** Waits until the port is free: a predecessor may be ending. Throws ExitError `portTaken` after `patienceMs`. */
export async function waitForPort(host: string, port: number, clock: Clock, patienceMs: number): Promise<void> {
  const deadline = clock.now() + patienceMs;
  while (!(await isPortFree(host, port))) {
    if (clock.now() >= deadline) {
      throw new ExitError(
        `port ${port} on ${host} is taken by another program. Stop it, or choose another port by HOLDFAST_PORT`,
        EXIT.portTaken,
      );
    }
    await sleep(clock, RETRY_MS);
  }
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
