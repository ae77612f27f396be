/**
 * The load: many live sockets of one process, each sending a real Opus packet every 20 ms, all out of step. It counts what was
 * sent and what was acknowledged, and how long each message waited for its acknowledgement, from the moment it was due (a
 * sender that is late itself makes figures worse, never better).
 */
import { readFileSync } from "node:fs";
import { createOpusEncoder, decodeSoundFile } from "@holdfast/codecs";
import { WebSocket } from "ws";
import { type DelaySummary, Delays, Pace } from "./figures.ts";
import type { PeerCalls } from "./peer.ts";

const FRAME_MS = 20;
const SAMPLES = 320;
/** Sockets that shake hands at the same time. */
const OPENING = 20;

export interface Connect {
  /** `{}` is replaced by an id of its own for each session. */
  readonly url: string;
  readonly sessions: number;
  /** Given to the sessions in turn. */
  readonly tokens: readonly string[];
}

export interface LoadResult {
  readonly sent: number;
  readonly acknowledged: number;
  readonly closed: number;
  /** From the moment a message was due to its acknowledgement; without the first seconds. */
  readonly ack: DelaySummary;
  /** How late the load itself was. */
  readonly late: DelaySummary;
}

class Session {
  readonly socket: WebSocket;
  ready = false;
  closed = false;
  sent = 0;
  acknowledged = 0;

  constructor(url: string, token: string | undefined, onAck: (session: Session, before: number) => void) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.socket = new WebSocket(url, {
      headers,
      perMessageDeflate: false,
      // Any mask costs the server the same; a fixed one costs the load less.
      generateMask: (mask) => void mask.fill(0x5a),
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text.startsWith('{"type":"audio_ack"')) {
        const before = this.acknowledged;
        this.acknowledged = (JSON.parse(text) as { readonly sequence: number }).sequence;
        onAck(this, before);
      } else if (text.includes('"status":"ready"')) this.ready = true;
    });
  }
}

export function createLoad(): PeerCalls {
  let sessions: Session[] = [];
  let packets: Uint8Array[] = [];
  let pace = new Pace(1, FRAME_MS);
  let startedMs = 0;
  let countFromMs = 0;
  let ack = new Delays();
  let late = new Delays();

  const onAck = (session: Session, before: number): void => {
    const now = performance.now();
    if (startedMs === 0 || now < countFromMs) return;
    const index = sessions.indexOf(session);
    for (let i = before; i < session.acknowledged; i++) ack.add(now - startedMs - pace.dueAtMs(index, i));
  };

  const open = async ({ url, sessions: count, tokens }: Connect): Promise<void> => {
    packets = await opusPackets();
    pace = new Pace(count, FRAME_MS);
    const first = sessions.length;
    while (sessions.length < first + count) {
      const own = url.replace("{}", crypto.randomUUID());
      sessions.push(new Session(own, tokens[sessions.length % Math.max(1, tokens.length)], onAck));
      await until("sessions get ready", () => sessions.filter(({ ready }) => !ready).length < OPENING);
    }
    await until("sessions get ready", () => sessions.every(({ ready }) => ready));
  };

  const run = async ({ seconds, warmSeconds }: { seconds: number; warmSeconds: number }): Promise<void> => {
    startedMs = performance.now();
    countFromMs = startedMs + warmSeconds * 1_000;
    const total = pace.dueAfter((warmSeconds + seconds) * 1_000);
    let next = 0;
    while (next < total) {
      const due = Math.min(total, pace.dueAfter(performance.now() - startedMs));
      if (next < due && performance.now() > countFromMs) {
        late.add(performance.now() - startedMs - pace.dueAtMs(next % pace.sessions, Math.floor(next / pace.sessions)));
      }
      for (; next < due; next++) send(next);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };

  const send = (frame: number): void => {
    const session = sessions[frame % pace.sessions];
    const packet = packets[(Math.floor(frame / pace.sessions) + frame) % packets.length];
    if (session === undefined || packet === undefined || session.closed) return;
    session.socket.send(packet);
    session.sent += 1;
  };

  const sum = (of: (session: Session) => number): number => sessions.reduce((total, each) => total + of(each), 0);

  return {
    open,
    run,
    /** Waits until everything is acknowledged, or for a while. */
    async acknowledged(): Promise<void> {
      await until("acknowledgements", () => sessions.every((each) => each.acknowledged >= each.sent), 15_000).catch(
        () => {},
      );
    },
    result: (): LoadResult => ({
      sent: sum(({ sent }) => sent),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      closed: sum(({ closed }) => (closed ? 1 : 0)),
      ack: ack.summary(),
      late: late.summary(),
    }),
    async close(): Promise<void> {
      for (const { socket } of sessions) socket.close(1000);
      await until("sockets to close", () => sessions.every(({ closed }) => closed)).catch(() => {
        for (const { socket } of sessions) socket.terminate();
      });
      sessions = [];
      startedMs = 0;
      ack = new Delays();
      late = new Delays();
    },
  };
}

async function opusPackets(): Promise<Uint8Array[]> {
  const path = new URL("../../fixtures/jfk.wav", import.meta.url);
  const { samples16k } = await decodeSoundFile(new Uint8Array(readFileSync(path)));
  const encoder = await createOpusEncoder({ frameMs: FRAME_MS });
  const packets: Uint8Array[] = [];
  for (let at = 0; at + SAMPLES <= samples16k.length; at += SAMPLES) {
    packets.push(encoder.encode(samples16k.subarray(at, at + SAMPLES)));
  }
  encoder.close();
  return packets;
}

async function until(what: string, holds: () => boolean, deadlineMs = 60_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
