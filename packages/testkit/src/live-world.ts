/**
 * A whole Holdfast for tests of the live sockets: a real database, the real speech process, pusher, worker and gateway, each
 * a process of its own that can be killed and started again on the same port, as the supervisor does. Worlds may share a
 * speech process by `HOLDFAST_SPEECH_URL`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Conversation } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { createToken, type Db } from "@holdfast/store";
import { startTestServer } from "./database.ts";
import { LiveClient } from "./live-client.ts";
import { freePort } from "./ports.ts";
import { type RoleName, startRole, type TestRole } from "./roles.ts";
import { waitFor } from "./wait.ts";

export interface World extends AsyncDisposable {
  readonly db: Db;
  readonly token: string;
  /** Base URL of the gateway. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
  start(...names: RoleName[]): Promise<void>;
  role(name: RoleName): TestRole;
  /** The last of its log, whether it runs or not. */
  said(name: RoleName): string;
  kill(name: RoleName): Promise<void>;
  /** Kills PostgreSQL with SIGKILL, or ends it in order, and starts it again on the same data. */
  crashDatabase(): Promise<void>;
  restartDatabase(): Promise<void>;
  listen(query: string, headers?: Readonly<Record<string, string>>): LiveClient;
  rest(method: string, path: string, body?: object): Promise<Response>;
  conversations(): Promise<Conversation[]>;
  /** Waits until every conversation that has words is completed, and returns them, oldest first. */
  finished(deadlineMs?: number): Promise<Conversation[]>;
}

/** What all roles of all worlds know one another by. */
export const WORLD_TOKEN = "internal-token-of-a-test";

export async function startWorld(over: Readonly<Record<string, string>> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-live-"));
  const server = await startTestServer();
  const database = await server.database();
  const token = await createToken(database.db, { userId: "u1", name: "test", nowMs: systemClock.now() });
  const [gateway, pusher, speech] = await Promise.all([freePort(), freePort(), freePort()]);
  const settings = {
    DATABASE_URL: database.url,
    HOLDFAST_DATA: folder,
    HOLDFAST_HOST: "127.0.0.1",
    HOLDFAST_PORT: String(gateway),
    HOLDFAST_PUSHER_PORT: String(pusher),
    HOLDFAST_SPEECH_PORT: String(speech),
    HOLDFAST_SPEECH_URL: `http://127.0.0.1:${speech}`,
    HOSTED_PUSHER_API_URL: `http://127.0.0.1:${pusher}`,
    HOLDFAST_INTERNAL_TOKEN: WORLD_TOKEN,
    ...over,
  };
  const roles = new Map<RoleName, TestRole>();
  const latest = new Map<RoleName, TestRole>();
  const base = `127.0.0.1:${gateway}`;
  const authorization = `Bearer ${token}`;
  const world: World = {
    db: database.db,
    token,
    url: `http://${base}`,
    databaseUrl: database.url,
    settings,
    async start(...names) {
      await Promise.all(
        names.map(async (name) => {
          const role = await startRole(name, settings);
          roles.set(name, role);
          latest.set(name, role);
        }),
      );
    },
    role(name) {
      const role = roles.get(name);
      if (role === undefined) throw new Error(`${name} is not running`);
      return role;
    },
    said: (name) => latest.get(name)?.output() ?? "",
    async kill(name) {
      await world.role(name).kill();
      roles.delete(name);
    },
    crashDatabase: () => server.crash(),
    restartDatabase: () => server.restart(),
    listen: (query, headers = { authorization }) => new LiveClient(`ws://${base}/v4/listen?${query}`, headers),
    rest: (method, path, body) =>
      fetch(`http://${base}${path}`, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async conversations() {
      const response = await world.rest("GET", "/v1/conversations?limit=100");
      const list = (await response.json()) as Conversation[];
      return list.reverse();
    },
    async finished(deadlineMs = 60_000) {
      return await waitFor(
        "all conversations to be completed",
        async () => {
          const list = await world.conversations().catch(() => undefined);
          const spoken = list?.filter((item) => item.transcript_segments.length > 0) ?? [];
          return spoken.length > 0 && spoken.every((item) => item.status === "completed") ? spoken : undefined;
        },
        deadlineMs,
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...roles.values()].map((role) => role[Symbol.asyncDispose]()));
      await database.db.destroy().catch(() => {});
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}
