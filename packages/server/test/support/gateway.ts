/**
 * A real gateway for tests: on a port of its own, with a fresh database, a fresh blob folder and two users. Everything it
 * makes is removed at the end, also after a failure.
 */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "@holdfast/contract";
import { type Clock, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { type BlobStore, createToken, type Db, type FileSystem, openDirectoryBlobs } from "@holdfast/store";
import type { TestServer } from "@holdfast/testkit";
import { type GatewayDeps, startGateway } from "../../src/index.ts";

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly db: Db;
  /** For other processes that work beside the gateway. */
  readonly databaseUrl: string;
  readonly blobs: BlobStore;
  readonly blobFolder: string;
  /** Tokens of two users, `alice` and `bob`. */
  readonly alice: string;
  readonly bob: string;
  readonly speech: FakeHealth;
  /** Asks as alice unless told otherwise. */
  ask(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
  /** Files below the blob folder, staging included. */
  leftovers(): Promise<string[]>;
  drain(): Promise<void>;
}

export interface FakeHealth {
  readonly url: string;
  healthy: boolean;
}

export interface TestGatewayOptions {
  readonly clock?: Clock;
  readonly webRoot?: string;
  readonly env?: Record<string, string>;
  readonly blobs?: (real: BlobStore) => BlobStore;
  /** The disk below the blobs. */
  readonly files?: FileSystem;
}

export async function startTestGateway(server: TestServer, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const cleanUp = async (): Promise<void> => {
    for (const step of cleanups.splice(0).reverse()) await step();
  };
  try {
    const clock = options.clock ?? systemClock;
    const database = await server.database();
    cleanups.push(() => database.db.destroy());
    const folder = await mkdtemp(join(tmpdir(), "holdfast-gateway-"));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const real = await openDirectoryBlobs(folder, clock.now(), options.files);
    const blobs = options.blobs?.(real) ?? real;
    const speech = await fakeHealth();
    cleanups.push(() => new Promise((resolve) => speech.server.close(resolve)));
    const config = parseConfig({
      HOLDFAST_PORT: "0",
      HOLDFAST_HOST: "127.0.0.1",
      HOLDFAST_SPEECH_URL: speech.url,
      HOLDFAST_INTERNAL_TOKEN: "internal-token-of-the-test",
      ...options.env,
    });
    const deps: GatewayDeps = {
      db: database.db,
      blobs,
      config,
      clock,
      random: systemRandom,
      log: silentLog,
      ...(options.webRoot === undefined ? {} : { webRoot: options.webRoot }),
    };
    const gateway = await startGateway(deps);
    cleanups.push(() => gateway.close());
    const nowMs = clock.now();
    const alice = await createToken(database.db, { userId: "alice", name: "test", nowMs });
    const bob = await createToken(database.db, { userId: "bob", name: "test", nowMs });
    const url = `http://127.0.0.1:${gateway.port}`;
    return {
      url,
      port: gateway.port,
      db: database.db,
      databaseUrl: database.url,
      blobs,
      blobFolder: folder,
      alice,
      bob,
      speech,
      ask: (path, { token = alice, headers, ...init } = {}) =>
        fetch(`${url}${path}`, {
          ...init,
          headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
        }),
      leftovers: () => filesBelow(folder),
      drain: () => gateway.drain(),
      [Symbol.asyncDispose]: cleanUp,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Stands in for the health route of the speech process, which is another package's to test. */
async function fakeHealth(): Promise<FakeHealth & { readonly server: Server }> {
  const state = { url: "", healthy: true };
  const server = createServer((_request, response) => response.writeHead(state.healthy ? 200 : 503).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, { server });
}
