/**
 * Real parts for pusher tests: conversations in a real database, pushers in this process or as processes, links over real
 * sockets. Everything is closed by the `Cleanup` it was made with.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  decodePusherFrame,
  encodeProcess,
  type ProcessRequest,
  type ProcessResult,
  parseConfig,
  type Segment,
} from "@holdfast/contract";
import { type Clock, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  admitConversation,
  type BlobStore,
  commitSegments,
  createConversation,
  type Db,
  type FinalizationTicket,
  findJob,
  loadConversation,
  openRecording,
} from "@holdfast/store";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { type Pusher, type PusherEvent, startPusher } from "../src/index.ts";

export const USER = "u1";
export const TOKEN = "internal-secret";
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export type Cleanup = (() => unknown)[];

export async function cleanUp(cleanup: Cleanup): Promise<void> {
  for (const undo of cleanup.splice(0).reverse()) await undo();
}

/** A conversation with these segments, ended and waiting for its finalisation. */
export async function spoken(
  db: Db,
  id: string,
  segments: readonly Segment[],
  options: { readonly force?: boolean; readonly userId?: string } = {},
): Promise<FinalizationTicket> {
  const userId = options.userId ?? USER;
  const nowMs = Date.now();
  const startedAtMs = nowMs - 60_000;
  await createConversation(db, {
    userId,
    id,
    origin: "live",
    source: "omi",
    language: "en",
    externalData: null,
    clientDeviceId: null,
    clientPlatform: null,
    recordingSessionId: `r-${id}`,
    silenceTimeoutMs: 120_000,
    startedAtMs,
    nowMs: startedAtMs,
  });
  const hold = await openRecording(db, {
    userId,
    id: `r-${id}`,
    codec: "opus",
    sampleRate: 16_000,
    language: "en",
    nowMs,
    leaseMs: 20_000,
  });
  await commitSegments(db, {
    hold,
    conversationId: id,
    upserts: segments,
    deletedIds: [],
    watermark: { transcribedMessages: 0 },
    startedAtMs,
    nowMs,
  });
  const force = options.force ?? false;
  const admitted = await admitConversation(db, { userId, conversationId: id, trigger: "stop", force, nowMs });
  if (admitted.outcome !== "admitted") throw new Error(`not admitted: ${admitted.outcome}`);
  return admitted.ticket;
}

export interface TestPusher extends Pusher {
  readonly events: PusherEvent[];
}

/** A pusher in this process. `aheadMs` moves its clock into the future. */
export async function pusher(
  cleanup: Cleanup,
  db: Db,
  settings: Record<string, string> = {},
  aheadMs = 0,
  blobs?: BlobStore,
): Promise<TestPusher> {
  const events: PusherEvent[] = [];
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const started = await startPusher({
    db,
    config: parseConfig({ HOLDFAST_INTERNAL_TOKEN: TOKEN, ...settings }),
    clock,
    random: systemRandom,
    log: silentLog,
    port: 0,
    host: "127.0.0.1",
    onEvent: (event) => events.push(event),
    ...(blobs === undefined ? {} : { blobs }),
  });
  cleanup.push(() => started.close());
  return { ...started, events };
}

export interface PusherProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly output: () => string;
}

/** A pusher as its own process, ready. */
export async function pusherProcess(cleanup: Cleanup, settings: Record<string, string>): Promise<PusherProcess> {
  let output = "";
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, HOLDFAST_PUSHER_PORT: "0", HOLDFAST_INTERNAL_TOKEN: TOKEN, ...settings },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  cleanup.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const port = await new Promise<number>((resolve, reject) => {
    child.on("message", (message: { type?: string; port?: number }) => {
      if (message.type === "ready" && message.port !== undefined) resolve(message.port);
    });
    child.once("exit", () => reject(new Error(`the pusher ended: ${output}`)));
  });
  return { child, port, output: () => output };
}

export interface Link {
  readonly socket: WebSocket;
  readonly results: ProcessResult[];
  ask(request: Partial<ProcessRequest> & { readonly conversation_id: string }): void;
  /** The next answer for this conversation that was not looked at yet. */
  answer(conversationId: string, timeoutMs?: number): Promise<ProcessResult>;
  readonly closed: Promise<number>;
}

export async function link(cleanup: Cleanup, port: number, userId = USER, token = TOKEN): Promise<Link> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/trigger/listen?uid=${userId}&sample_rate=16000`, {
    headers: { authorization: `Bearer ${token}` },
  });
  cleanup.push(() => socket.terminate());
  const results: ProcessResult[] = [];
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.on("message", (data: Buffer) => {
    const frame = decodePusherFrame(data);
    if (frame.kind === "result") results.push(frame.result);
  });
  await once(socket, "open");
  return {
    socket,
    results,
    closed,
    ask: (request) => socket.send(encodeProcess({ language: "en", byok_keys: {}, ...request })),
    async answer(conversationId, timeoutMs = 10_000) {
      const find = () => results.findIndex((result) => result.conversation_id === conversationId);
      await expect.poll(find, { timeout: timeoutMs, interval: 20 }).not.toBe(-1);
      const [found] = results.splice(find(), 1);
      if (found === undefined) throw new Error("no answer");
      return found;
    },
  };
}

/** The request of opcode 104 for a ticket. */
export function requestFor(id: string, ticket: FinalizationTicket) {
  return { conversation_id: id, finalization_job_id: ticket.jobId, dispatch_generation: ticket.generation };
}

async function status(db: Db, id: string, userId = USER): Promise<string | undefined> {
  return (await loadConversation(db, userId, id))?.status;
}

export async function untilCompleted(db: Db, id: string, timeoutMs = 10_000) {
  await expect.poll(() => status(db, id), { timeout: timeoutMs, interval: 50 }).toBe("completed");
  const conversation = await loadConversation(db, USER, id);
  if (conversation === undefined) throw new Error("the conversation is gone");
  return conversation;
}

export async function jobState(db: Db, ticket: FinalizationTicket): Promise<string | undefined> {
  return (await findJob(db, USER, ticket.jobId))?.state;
}
