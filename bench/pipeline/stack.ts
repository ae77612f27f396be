/**
 * The product as the figures need it: an embedded PostgreSQL with its production settings, one gateway, one pusher that can be
 * stopped and started again on the same port, and a counting recogniser, each a process of its own. `close` ends everything.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { createToken, type Db, migrate, openDatabase, startEmbeddedPostgres } from "@holdfast/store";
import { freePort, startRole, startTcpGate, type TcpGate, type TestRole } from "@holdfast/testkit";
import { type Inspector, inspectable, openInspector } from "./inspector.ts";
import { type Peer, startPeer } from "./peer.ts";
import type { RecogniserOptions } from "./servers.ts";

/** Sessions of one user, below the limit of one user on one gateway. */
export const SESSIONS_PER_USER = 10;

export interface Stack {
  readonly db: Db;
  readonly databasePid: number;
  readonly gateway: TestRole;
  readonly inspector: Inspector;
  readonly recogniser: Peer;
  /** Of a live socket; `{}` stands for the id of its recording. */
  readonly liveUrl: string;
  /** Between the gateway and its pusher. */
  readonly pusherGate: TcpGate;
  pusher: TestRole | undefined;
  startPusher(): Promise<TestRole>;
  /** Tokens of users enough for so many sessions. */
  tokens(sessions: number): Promise<string[]>;
  close(): Promise<void>;
}

export interface StackOptions extends RecogniserOptions {
  readonly pusher: boolean;
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const ends: (() => unknown)[] = [];
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pipeline-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const close = async (): Promise<void> => {
    for (const end of ends.reverse()) await Promise.resolve(end()).catch(() => {});
    ends.length = 0;
  };
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: folder,
      runDir: join(folder, "run"),
      log: silentLog,
      clock: systemClock,
    });
    ends.push(() => postgres.stop());
    const db = openDatabase({ url: postgres.url, onIdleError: () => {} });
    ends.push(() => db.destroy());
    await migrate(db);
    const recogniser = startPeer("recogniser");
    ends.push(() => recogniser.close());
    const { finalFrames, frameSeconds, transcript } = options;
    await recogniser.call("configure", { finalFrames, frameSeconds, transcript });
    const pusherPort = await freePort();
    const gate = await startTcpGate(pusherPort);
    ends.push(() => gate[Symbol.asyncDispose]());
    const shared = {
      DATABASE_URL: postgres.url,
      HOLDFAST_DATA: folder,
      HOLDFAST_LOG_LEVEL: "error",
      HOLDFAST_INTERNAL_TOKEN: "bench",
    };
    const looked = await inspectable();
    const gateway = await startRole("server", {
      ...shared,
      ...looked.env,
      HOLDFAST_PORT: "0",
      HOLDFAST_HOST: "127.0.0.1",
      HOLDFAST_STT: `deepgram+ws://127.0.0.1:${await recogniser.call<number>("port")}`,
      HOSTED_PUSHER_API_URL: `http://127.0.0.1:${gate.port}`,
    });
    ends.push(() => gateway.kill());
    const inspector = await openInspector(looked.port);
    ends.push(() => inspector.close());
    const stack: Stack = {
      db,
      databasePid: postgres.pid,
      gateway,
      inspector,
      recogniser,
      liveUrl:
        `ws://127.0.0.1:${gateway.port}/v4/listen?codec=opus_fs320&sample_rate=16000&language=en` +
        "&audio_ack=enabled&client_conversation_id={}",
      pusherGate: gate,
      pusher: undefined,
      async startPusher() {
        stack.pusher = await startRole("pusher", { ...shared, HOLDFAST_PUSHER_PORT: String(pusherPort) });
        return stack.pusher;
      },
      tokens: (sessions) =>
        Promise.all(
          Array.from({ length: Math.ceil(sessions / SESSIONS_PER_USER) }, () =>
            createToken(db, { userId: crypto.randomUUID(), name: "bench", nowMs: Date.now() }),
          ),
        ),
      close,
    };
    ends.push(() => stack.pusher?.kill());
    if (options.pusher) await stack.startPusher();
    return stack;
  } catch (error) {
    await close();
    throw error;
  }
}
