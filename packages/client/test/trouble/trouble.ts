/**
 * What the tests of trouble share: a client that records, promises that nobody caught, a server that speaks tus, requests
 * that can be given up, a store with some calls replaced, and the writes that reach a store after it was given back.
 */
import type { MemoryDisk } from "@holdfast/testkit/log";
import type { HttpOptions } from "../../src/api/http.ts";
import {
  type FetchLike,
  type HoldfastClient,
  type LiveCapture,
  type LogStore,
  type OpenStore,
  SyncEngine,
  type SyncEngineOptions,
} from "../../src/index.ts";
import { fixedRandom } from "../manual-clock.ts";
import type { Answer, Script } from "../sync/scripted-server.ts";
import type { Stage } from "../sync/stage.ts";
import { ClientWorld } from "../world/client-world.ts";

export const MIB = 1_048_576;

export interface Recording {
  readonly world: ClientWorld;
  readonly client: HoldfastClient;
  readonly capture: LiveCapture;
}

/** A client that records and whose link is open. */
export async function recording(world: ClientWorld = new ClientWorld()): Promise<Recording> {
  const client = world.client ?? (await world.open());
  const capture = await world.record();
  await world.clock.advance(0);
  return { world, client, capture };
}

/** Every connection breaks, or is closed by the server with this code. */
export function drop({ script }: ClientWorld, code?: number, reason?: string): void {
  for (const connection of script.open) script.drop(connection, code, reason);
}

/** The server shows that it lives, and says nothing else. */
export function ping({ script }: ClientWorld): void {
  for (const { peer } of script.open) peer.text("ping");
}

/** Whether it resolved or with which words it failed, within so much time of the world. */
export async function endOf(world: ClientWorld, work: Promise<unknown>, withinMs: number): Promise<string> {
  const ended = work.then(
    () => "resolved",
    (error: unknown) => String(error),
  );
  return await Promise.race([ended, world.clock.advance(withinMs).then(() => "still waiting")]);
}

/** Rejections that nobody caught while `work` ran: each would end a program. */
export async function unhandled(work: () => Promise<void>): Promise<unknown[]> {
  const event = "unhandledRejection";
  const others = process.listeners(event);
  const caught: unknown[] = [];
  process.removeAllListeners(event);
  process.on(event, (error) => caught.push(error));
  try {
    await work();
    // They are told once the promises of this turn have settled.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners(event);
    for (const listener of others) process.on(event, listener);
  }
  return caught;
}

/** The same store with some calls replaced. */
export function storeWith(opened: OpenStore, calls: Partial<LogStore>): OpenStore {
  return { ...opened, store: { ...opened.store, ...calls } };
}

/** Names of the files that a program writes after it gave the store of this disk back. */
export function lateWrites(disk: MemoryDisk): string[] {
  const late: string[] = [];
  const open = disk.open.bind(disk);
  disk.open = async () => {
    const opened = await open();
    let isClosed = false;
    const close = async (): Promise<void> => {
      await opened.close();
      isClosed = true;
    };
    const write: LogStore["write"] = async (name, at, bytes) => {
      if (isClosed) late.push(name);
      await opened.store.write(name, at, bytes);
    };
    return { ...storeWith(opened, { write }), close, [Symbol.asyncDispose]: close };
  };
  return late;
}

/** Requests that end when they are given up, as those of a browser do. */
function abortable(fetch: FetchLike): FetchLike {
  return (url, init) =>
    new Promise((resolve, reject) => {
      init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      fetch(url, init).then(resolve, reject);
    });
}

/** Another engine over the log, the server and the clock of this stage. */
export function engineOver(
  { log, server, clock }: Pick<SyncEngineOptions, "log" | "clock"> & Pick<Stage, "server">,
  http: Partial<HttpOptions> = {},
): SyncEngine {
  const options = { server: "http://server", token: "t", fetch: abortable(server.fetch), clock, ...http };
  return new SyncEngine({ log, http: options, clock, random: fixedRandom() });
}

/** A server that speaks tus and makes uploads; the rest is up to the test. */
export const tus =
  (rest: Script): Script =>
  (asked) =>
    asked.method === "OPTIONS" ? TUS : asked.headers["upload-length"] === undefined ? rest(asked) : MADE;

export const TUS: Answer = { status: 204, headers: { "tus-version": "1.0.0", "tus-extension": "creation" } };
export const MADE: Answer = { status: 201, headers: { location: "/v2/uploads/x" } };
