/**
 * One recording from its first message to its finished conversation: send at the pace of speech, wait until everything is
 * durable at the server, close, end the conversation by its id (which may be repeated, unlike "stop whatever is open"), wait
 * for the result. Lost connections and a server that is away are waited out; only what the server refuses for good, or the
 * caller's patience, ends it early.
 */
import {
  emptyTranscript,
  followConversation,
  type HoldfastApi,
  ListenSocket,
  type ListenSocketEvent,
  type RetryOptions,
  reduceTranscript,
  retrying,
  type TranscriptState,
} from "@holdfast/client";
import { type Conversation, type HoldfastError, isHoldfastError } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { nodeConnect } from "../connection/node-connect.ts";
import type { SoundMessages } from "./sound-messages.ts";

export interface StreamOptions {
  readonly server: string;
  readonly token: string;
  readonly api: HoldfastApi;
  readonly recordingId: string;
  readonly sound: SoundMessages;
  readonly language: string;
  /** 1 is the pace of speech; Infinity as fast as the network takes it. */
  readonly speed: number;
  /** End the conversation at the end, and wait for it. */
  readonly stop: boolean;
  readonly patience: () => RetryOptions;
  readonly onEvent?: (event: ListenSocketEvent, transcript: TranscriptState) => void;
  readonly onPhase?: (phase: "drained" | "ended") => void;
}

export interface StreamOutcome {
  /** Conversations of this recording, in order; more than one where a long silence lay between. */
  readonly conversationIds: readonly string[];
  readonly transcript: TranscriptState;
  /** The finished conversation; undefined without `stop`, or where nothing was said in it. */
  readonly conversation: Conversation | undefined;
}

/** How long the words of the end may take to come before the socket is closed. They are not lost later: REST has them. */
const LAST_WORDS_MS = 1_500;

export async function streamRecording(options: StreamOptions): Promise<StreamOutcome> {
  const { clock, random, signal } = options.patience();
  const ids: string[] = [];
  let transcript = emptyTranscript;
  let lastChangeMs = 0;
  const broken = new AbortController();
  const socket = new ListenSocket({
    server: options.server,
    token: options.token,
    recordingId: options.recordingId,
    codec: options.sound.codec,
    sampleRate: options.sound.sampleRate,
    language: options.language,
    source: "desktop",
    connect: nodeConnect,
    clock,
    random,
  });
  socket.on((event) => {
    if (event.type === "conversation_session" && !ids.includes(event.conversation_id)) ids.push(event.conversation_id);
    const next = reduceTranscript(transcript, event);
    if (next !== transcript) lastChangeMs = clock.now();
    transcript = next;
    if (event.type === "status" && event.status === "ended") broken.abort();
    options.onEvent?.(event, transcript);
  });
  const stopEarly = signal === undefined ? broken.signal : AbortSignal.any([broken.signal, signal]);
  try {
    socket.start();
    await sendAtPace(socket, options, stopEarly);
    await drain(socket, options);
    options.onPhase?.("drained");
    const until = clock.now() + LAST_WORDS_MS * 2;
    while (clock.now() < Math.min(lastChangeMs + LAST_WORDS_MS, until)) await sleep(clock, 100, signal);
  } finally {
    socket.close();
  }
  const id = ids.at(-1) ?? options.recordingId;
  const conversation = options.stop ? await endConversation(options, id) : undefined;
  options.onPhase?.("ended");
  return { conversationIds: ids, transcript, conversation };
}

async function sendAtPace(socket: ListenSocket, options: StreamOptions, stopEarly: AbortSignal): Promise<void> {
  const { clock } = options.patience();
  const { messages, messageMs } = options.sound;
  const startedMs = clock.now();
  for (const [i, message] of messages.entries()) {
    const dueMs = startedMs + (i * messageMs) / options.speed;
    if (dueMs > clock.now()) await sleep(clock, dueMs - clock.now(), stopEarly);
    if (stopEarly.aborted) return;
    socket.send(message);
  }
}

/** The patience begins when the sound is over: while it is sent, nobody waits for anything. */
async function drain(socket: ListenSocket, options: StreamOptions): Promise<void> {
  const { clock, deadlineMs, signal } = options.patience();
  const late = new AbortController();
  const timer = clock.after(deadlineMs - clock.now(), () => late.abort());
  try {
    await socket.drain(signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]));
  } finally {
    timer.cancel();
  }
}

async function endConversation(options: StreamOptions, id: string): Promise<Conversation | undefined> {
  const patience = options.patience();
  try {
    await retrying(() => options.api.finalizeConversation(id, patience.signal), patience);
    return await followConversation(options.api, id, patience);
  } catch (error) {
    // A conversation without a word is removed.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): error is HoldfastError {
  return isHoldfastError(error) && (error.code === "not_found" || error.code === "conversation_not_found");
}
