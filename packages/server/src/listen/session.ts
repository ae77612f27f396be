/**
 * One live recording over one socket: wires sound to the audio log and the recogniser, and words to the conversation keeper.
 *
 * It owns the order of things: the start sequence, reading from the client only as fast as sound becomes durable, and the
 * teardown (sound durable, last words stored, lease given up, links closed). It never decodes, never summarises, and never
 * waits for the pusher (laws L1, L2, L8).
 */
import { CLOSE, channelOf, LISTEN, messageMs, messageOf } from "@holdfast/contract";
import { type GiveUp, type Log, sleep, type Timer } from "@holdfast/core";
import {
  type AdmitOutcome,
  findLastCompletedId,
  openRecording,
  type RecordingHold,
  recordedUntil,
  releaseRecording,
  removeIfEmpty,
} from "@holdfast/store";
import type { WebSocket } from "ws";
import { enginesInOrder } from "../settings/engines-in-order.ts";
import type { Refusal } from "./admission.ts";
import { Announcer } from "./announcer.ts";
import type { AudioMessage } from "./audio-log.ts";
import {
  bindHome,
  type ConversationIdentity,
  type CurrentConversation,
  catchUp,
  isCall,
  prepareFirst,
} from "./current-conversation.ts";
import { chooseEngines, type LiveEngines } from "./engines.ts";
import { type LiveFairUse, openLiveFairUse } from "./fair-use.ts";
import type { Inbox } from "./inbox.ts";
import type { ConversationKeeper, EndOptions } from "./keeper.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import {
  createSessionParts,
  LEASE_MS,
  type SessionDeps,
  type SessionParts,
  type SessionRequest,
} from "./session-parts.ts";
import { takeOverForClientWords } from "./suggested.ts";
import { takeOverGap } from "./take-over.ts";

/** `ready` waits at most this long for the recogniser. */
const READY_DEADLINE_MS = 5_000;

/** Longest wait for sound to become durable when a socket ends. */
const LAST_FLUSH_MS = 10_000;

/**
 * Longest wait for what text frames asked for, which no other socket will bring again: longer than a database needs to
 * restart. Sound has no need of it, since its client sends again what was not acknowledged.
 */
const LAST_FRAMES_MS = 60_000;

export class LiveSession {
  readonly #deps: SessionDeps;
  readonly #request: SessionRequest;
  readonly #socket: WebSocket;
  readonly #inbox: Inbox;
  readonly #out: Outbox;
  readonly #who: ConversationIdentity;
  readonly #announcer: Announcer;
  readonly #timers: Timer[] = [];
  readonly #closed: Promise<number>;
  readonly #live = Promise.withResolvers<void>();
  readonly #log: Log;
  #lastActivityMs: number;
  /** Undefined where nothing limits this user, or the client brings the words. */
  #fairUse: LiveFairUse | undefined;
  #parts: SessionParts | undefined;

  constructor(deps: SessionDeps, socket: WebSocket, inbox: Inbox, request: SessionRequest) {
    this.#deps = deps;
    this.#inbox = inbox;
    this.#request = request;
    this.#socket = socket;
    this.#out = createOutbox(socket);
    this.#lastActivityMs = deps.clock.now();
    const recordingSessionId = request.query.clientConversationId ?? deps.random.uuid();
    this.#who = { ...request, recordingSessionId };
    this.#log = deps.log.child({ recordingSession: recordingSessionId });
    this.#announcer = new Announcer({
      db: deps.db,
      out: this.#out,
      who: this.#who,
      link: () => this.#parts?.link,
      completions: () => this.#parts?.completions,
    });
    this.#closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
    socket.on("error", (error) => this.#log.debug({ error: messageOf(error) }, "socket error"));
  }

  get userId(): string {
    return this.#request.userId;
  }

  holds(conversationId: string): boolean {
    return this.#parts?.keeper.holds(conversationId) === true;
  }

  /** Ends the conversation and goes on with a new one. Undefined where this session does not hold it. */
  async endConversation(conversationId: string, options: EndOptions): Promise<AdmitOutcome | undefined> {
    this.#inbox.deliver();
    return await this.#parts?.keeper.end(conversationId, options);
  }

  /** Runs from the accepted socket to the last row written. Never throws. */
  async run(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, "live session could not start");
      this.#out.close(CLOSE.internal, "session could not start");
    }
    const code = await this.#closed;
    await this.#teardown(code).catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, "live session did not end cleanly; its lease will run out");
    });
  }

  /** Makes what was received durable and asks the client to come back elsewhere. */
  async drain(): Promise<void> {
    await this.end({ code: CLOSE.serviceRestart, reason: "server is restarting" });
  }

  /** Makes what was received durable, then says why there is no more of this socket. Idempotent. */
  async end({ code, reason }: Refusal): Promise<void> {
    this.#socket.pause();
    this.#inbox.deliver();
    await this.#flushAudio();
    this.#socket.resume();
    this.#out.close(code, reason);
  }

  async #start(): Promise<void> {
    const { db, clock, random, config } = this.#deps;
    const { userId, query, format } = this.#request;
    this.#announcer.starting();
    const { language } = query;
    const onGiveUp = (why: GiveUp) => this.#onGiveUp(engines?.provider ?? "", why);
    const engines: LiveEngines | undefined = query.customStt
      ? undefined
      : chooseEngines({
          engines: await enginesInOrder(db, config),
          format,
          language,
          clock,
          circuits: this.#deps.circuits,
          connect: this.#deps.connect,
          onGiveUp,
        });
    if (engines === undefined && !query.customStt) {
      return this.#out.close(CLOSE.policy, `The language is not supported, ${query.language.slice(0, 20)}`);
    }
    this.#announcer.preparing(await findLastCompletedId(db, userId));
    const { current: found, announced, ended } = await prepareFirst(db, random, this.#who, clock.now());
    if (announced !== undefined) await this.#announcer.over(announced.id, announced.status);
    const opened = await openRecording(db, {
      userId,
      id: this.#who.recordingSessionId,
      ...format,
      language: query.language,
      nowMs: clock.now(),
      leaseMs: LEASE_MS,
    });
    const hold = query.customStt
      ? await takeOverForClientWords(db, opened, clock.now())
      : await takeOverGap(db, opened, format, clock.now());
    const home = await bindHome({ db, random, clock, who: this.#who, hold, leaseMs: LEASE_MS }, found);
    const isFresh = opened.epoch === 1 && home.startedAtMs === undefined;
    const current = isFresh ? home : await catchUp(db, this.#who, hold, home);
    await this.#announcer.session(current.id);
    this.#announcer.recogniserStarting();
    const { durableMessages } = hold;
    const recordedUntilMs =
      durableMessages === 0 ? undefined : await recordedUntil(db, userId, hold.id, durableMessages);
    const { recordingSessionId } = this.#who;
    const limited = { userId, recordingSessionId, out: this.#out, log: this.#log };
    this.#fairUse = engines === undefined ? undefined : openLiveFairUse(this.#deps, limited);
    await this.#fairUse?.begin();
    this.#parts = this.#createParts(hold, current, engines, recordedUntilMs);
    this.#parts.link.announce(current.id);
    this.#listen(this.#parts);
    await this.#firstReady(engines);
    const { keeper } = this.#parts;
    this.#timers.push(...(this.#fairUse?.start(() => keeper.giveToRepair()) ?? []));
    await this.#announcer.earlier(ended).catch((error: unknown) => {
      this.#log.warn({ error: messageOf(error) }, "earlier conversations could not be announced");
    });
  }

  /** `ready` comes when words can flow, or a little later all the same: the sound is kept either way. */
  async #firstReady(engines: LiveEngines | undefined): Promise<void> {
    const waited = new AbortController();
    // What `pcm8` means shows in the sound itself, and some clients send none before `ready`.
    const heard = engines !== undefined && this.#fairUse?.paused !== true;
    const waits = heard && this.#request.format.codec !== "pcm8";
    const deadlineMs = waits ? READY_DEADLINE_MS : 0;
    const deadline = sleep(this.#deps.clock, deadlineMs, waited.signal);
    await Promise.race([this.#live.promise, this.#closed, deadline]);
    waited.abort();
    this.#out.ping();
    this.#announcer.ready(engines);
  }

  #createParts(
    hold: RecordingHold,
    first: CurrentConversation,
    engines: LiveEngines | undefined,
    recordedUntilMs: number | undefined,
  ): SessionParts {
    return createSessionParts({
      ...{ deps: this.#deps, request: this.#request, who: this.#who, log: this.#log },
      ...{ out: this.#out, announcer: this.#announcer, fairUse: this.#fairUse },
      ...{ hold, first, engines, recordedUntilMs },
      parts: () => this.#parts,
      onDurable: (count) => this.#onDurable(count),
      onFenced: () => this.#out.close(CLOSE.goingAway, "recording continues on another connection"),
      onStorageFailure: (error) => this.#onStorageFailure(error),
      onRoom: () => this.#resumeIfRoom(),
      onRecogniserState: (...change) => this.#onRecogniserState(...change),
    });
  }

  #listen(parts: SessionParts): void {
    const { codec, sampleRate, channels } = this.#request.format;
    // With several channels, neighbours go to different streams, and little is gained.
    const soundMs = (data: Buffer): number =>
      channels > 1 ? Number.POSITIVE_INFINITY : messageMs(codec, sampleRate, data, parts.intake.layout);
    this.#inbox.open((data, isBinary) => {
      this.#lastActivityMs = this.#deps.clock.now();
      if (!isBinary) {
        parts.frames.take(data.toString());
        if (parts.frames.isFull) this.#socket.pause();
        return;
      }
      const messages = parts.intake.take(data, this.#lastActivityMs, parts.keeper.acceptingId);
      for (const message of messages) this.#takeAudio(parts, message);
    }, soundMs);
    // Also of nothing, and before `ready`: a client that hears no acknowledgement by then knows that this server makes none.
    this.#onDurable(parts.hold.durableMessages);
    this.#timers.push(
      this.#deps.clock.every(LISTEN.pingIntervalMs, () => this.#beat()),
      this.#deps.clock.every(LISTEN.lifecyclePollMs, () => void parts.keeper.lookAfter()),
    );
  }

  #takeAudio(parts: SessionParts, message: AudioMessage): void {
    parts.audio.push(message);
    for (const recogniser of parts.recognisers) recogniser.push(message);
    // Nothing is decoded here: the pusher mixes the channels of a call.
    if (this.#request.format.channels < 2 || channelOf(message.channel) !== undefined) parts.link.audio(message);
    if (parts.audio.isFull) this.#socket.pause();
  }

  #onDurable(count: number): void {
    this.#resumeIfRoom();
    this.#parts?.frames.durable(count);
    if (this.#request.query.audioAck && this.#parts?.intake.acknowledgeable === true) this.#announcer.durable(count);
  }

  #resumeIfRoom(): void {
    const hasRoom = this.#parts?.audio.isFull === false && !this.#parts.frames.isFull;
    if (this.#socket.isPaused && hasRoom) this.#socket.resume();
  }

  #onStorageFailure(error: unknown): void {
    this.#log.error({ error: messageOf(error) }, "audio could not be stored");
    this.#out.close(CLOSE.internal, "audio could not be stored");
  }

  #onRecogniserState(state: "live" | "lost", channel: number, engines: LiveEngines, keeper: ConversationKeeper): void {
    if (state === "live") {
      this.#live.resolve();
      this.#announcer.recovered(engines);
      return;
    }
    keeper.withdrawPartial(channel);
    this.#announcer.recovering();
  }

  /** The sound so far is in the store, where repair finds it. */
  #onGiveUp(provider: string, why: GiveUp): void {
    for (const recogniser of this.#parts?.recognisers ?? []) recogniser.abort();
    this.#announcer.recogniserFailed(provider, why);
    this.#out.close(CLOSE.internal, "transcription_service_unavailable");
  }

  #beat(): void {
    this.#out.ping();
    if (this.#deps.clock.now() - this.#lastActivityMs > LISTEN.inactivityMs) {
      this.#out.close(CLOSE.goingAway, "inactive");
    }
  }

  async #flushAudio(): Promise<void> {
    const deadline = new AbortController();
    await Promise.race([this.#parts?.audio.flush(), sleep(this.#deps.clock, LAST_FLUSH_MS, deadline.signal)]);
    deadline.abort();
  }

  async #teardown(code: number): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    if (this.#parts === undefined) return;
    const { intake, audio, recognisers, watermarks, keeper, frames, link, completions, hold } = this.#parts;
    for (const message of intake.settle(keeper.acceptingId)) this.#takeAudio(this.#parts, message);
    await this.#flushAudio();
    // A client that lost its network comes back with the same recording, and its next socket hears the cut word whole; what
    // nobody comes back for is repaired from the store.
    const mayReturn = code !== CLOSE.normal && this.#request.query.clientConversationId !== null;
    await Promise.all(recognisers.map((recogniser) => (mayReturn ? recogniser.abort() : recogniser.finish())));
    await frames.settled(LAST_FRAMES_MS);
    await keeper.settled();
    const { query } = this.#request;
    if ((isCall(query) && !mayReturn) || (query.source === "desktop" && code === CLOSE.normal)) {
      await keeper.end(keeper.acceptingId, { trigger: "disconnect", force: false });
    }
    if (!mayReturn) {
      const ended = {
        userId: this.userId,
        conversationId: keeper.acceptingId,
        ownSessionId: hold.id,
        ownEpoch: hold.epoch,
      };
      await removeIfEmpty(this.#deps.db, { ...ended, nowMs: this.#deps.clock.now() });
    }
    audio.close();
    frames.close();
    keeper.close();
    await releaseRecording(this.#deps.db, hold, this.#deps.clock.now());
    link.close();
    completions.close();
    const { unknownChannels } = intake;
    this.#log.info(
      { code, transcribed: watermarks.overall, durable: audio.durable, unknownChannels },
      "live session ended",
    );
  }
}
