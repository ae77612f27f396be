/**
 * One live recording over one socket: wires sound to the audio log and the recogniser, and words to the conversation keeper.
 *
 * It owns the order of things: the start sequence, reading from the client only as fast as sound becomes durable, and the
 * teardown (sound durable, last words stored, lease given up, links closed). It never decodes, never summarises, and never
 * waits for the pusher (laws L1, L2, L8).
 */
import { CLOSE, type Config, LISTEN, type ListenQuery, messageOf } from "@holdfast/contract";
import { type Clock, type Log, type Random, sleep, type Timer } from "@holdfast/core";
import {
  type AdmitOutcome,
  type Db,
  findLastCompletedId,
  openRecording,
  type RecordingHold,
  releaseRecording,
  removeIfEmpty,
  renewRecording,
} from "@holdfast/store";
import type { WebSocket } from "ws";
import type { AudioFormat } from "./admission.ts";
import { Announcer } from "./announcer.ts";
import { AudioLog, type AudioMessage } from "./audio-log.ts";
import { type Completions, watchCompletions } from "./completions.ts";
import { type ConversationIdentity, type CurrentConversation, prepareFirst } from "./current-conversation.ts";
import { chooseEngines, type LiveEngines } from "./engines.ts";
import type { Inbox } from "./inbox.ts";
import { Intake } from "./intake.ts";
import { ConversationKeeper, type EndOptions } from "./keeper.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { openPusherLink, type PusherLink } from "./pusher-link.ts";
import { Recogniser } from "./recogniser.ts";
import { takeOverGap } from "./take-over.ts";

export interface SessionDeps {
  readonly db: Db;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface SessionRequest {
  readonly userId: string;
  readonly query: ListenQuery;
  readonly format: AudioFormat;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
}

/** How long a recording belongs to a socket that is not heard of. */
const LEASE_MS = 20_000;

/** `ready` waits at most this long for the recogniser. */
const READY_DEADLINE_MS = 5_000;

/** Longest wait for sound to become durable when a socket ends. */
const LAST_FLUSH_MS = 10_000;

/** What exists once a session has started. */
interface Parts {
  readonly hold: RecordingHold;
  readonly intake: Intake;
  readonly audio: AudioLog;
  readonly recogniser: Recogniser;
  readonly keeper: ConversationKeeper;
  readonly link: PusherLink;
  readonly completions: Completions;
}

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
  #parts: Parts | undefined;

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
    this.#socket.pause();
    await this.#flushAudio();
    this.#socket.resume();
    this.#out.close(CLOSE.serviceRestart, "server is restarting");
  }

  async #start(): Promise<void> {
    const { db, clock, random, config } = this.#deps;
    const { userId, query, format } = this.#request;
    this.#announcer.starting();
    const engines = chooseEngines(config, { ...format, language: query.language }, clock);
    if (engines === undefined) {
      return this.#out.close(CLOSE.policy, `The language is not supported, ${query.language.slice(0, 20)}`);
    }
    this.#announcer.preparing(await findLastCompletedId(db, userId));
    const { current, announced } = await prepareFirst(db, random, this.#who, clock.now());
    if (announced !== undefined) await this.#announcer.over(announced.id, announced.status);
    const opened = await openRecording(db, {
      userId,
      id: this.#who.recordingSessionId,
      ...format,
      language: query.language,
      nowMs: clock.now(),
      leaseMs: LEASE_MS,
    });
    const hold = await takeOverGap(db, opened, format, clock.now());
    await renewRecording(db, hold, current.id, clock.now(), LEASE_MS);
    this.#announcer.session(current.id);
    this.#announcer.recogniserStarting();
    this.#parts = this.#createParts(hold, current, engines);
    this.#parts.link.announce(current.id);
    this.#listen(this.#parts);
    await this.#firstReady(engines);
  }

  /** `ready` comes when words can flow, or a little later all the same: the sound is kept either way. */
  async #firstReady(engines: LiveEngines): Promise<void> {
    const waited = new AbortController();
    // What `pcm8` means shows in the sound itself, and some clients send none before `ready`.
    const deadlineMs = this.#request.format.codec === "pcm8" ? 0 : READY_DEADLINE_MS;
    const deadline = sleep(this.#deps.clock, deadlineMs, waited.signal);
    await Promise.race([this.#live.promise, this.#closed, deadline]);
    waited.abort();
    this.#out.ping();
    this.#announcer.ready(engines);
  }

  #createParts(hold: RecordingHold, first: CurrentConversation, engines: LiveEngines): Parts {
    const { db, clock, random, config } = this.#deps;
    const { codec, sampleRate } = this.#request.format;
    const { durableMessages: durable } = hold;
    const { firstSequence } = this.#request.query;
    const intake = new Intake({ codec, sampleRate, durable, firstSequence });
    const shared = { db, clock, log: this.#log, hold, codec, sampleRate, layout: () => intake.layout };
    const onFenced = () => this.#out.close(CLOSE.goingAway, "recording continues on another connection");
    const audio = new AudioLog({
      ...shared,
      leaseMs: LEASE_MS,
      onDurable: (count) => this.#onDurable(count),
      onFenced,
      onFailure: (error) => this.#onStorageFailure(error),
    });
    const keeper = new ConversationKeeper({
      db,
      clock,
      random,
      log: this.#log,
      who: this.#who,
      hold,
      leaseMs: LEASE_MS,
      first,
      announcer: this.#announcer,
      provider: () => engines.provider,
      onFenced,
    });
    const recogniser = new Recogniser({
      ...shared,
      random,
      audio,
      formatKnown: intake.formatKnown,
      open: (layout, events) => engines.open(layout, events),
      onStretch: (stretch) => keeper.onStretch(stretch),
      onState: (state) => this.#onRecogniserState(state, engines, keeper),
      onRefused: () => this.#onRefused(engines),
    });
    keeper.attach(audio, recogniser);
    const completions = watchCompletions({
      db,
      userId: this.userId,
      clock,
      log: this.#log,
      onCompleted: (conversation) => this.#announcer.created(conversation),
      onDropped: (conversationId) => this.#parts?.link.settled(conversationId),
    });
    const link = openPusherLink({
      url: config.HOSTED_PUSHER_API_URL,
      token: config.HOLDFAST_INTERNAL_TOKEN,
      userId: this.userId,
      sampleRate,
      clock,
      random,
      log: this.#log,
      onResult: (result) => completions.check(result.conversation_id),
    });
    return { hold, intake, audio, recogniser, keeper, link, completions };
  }

  #listen(parts: Parts): void {
    this.#inbox.open((data, isBinary) => {
      this.#lastActivityMs = this.#deps.clock.now();
      // Text frames carry wishes that this version does not know yet; they count as activity and are ignored.
      if (!isBinary) return;
      const messages = parts.intake.take(data, this.#lastActivityMs, parts.keeper.acceptingId);
      for (const message of messages) this.#takeAudio(parts, message);
    });
    if (parts.hold.durableMessages > 0) this.#onDurable(parts.hold.durableMessages);
    this.#timers.push(
      this.#deps.clock.every(LISTEN.pingIntervalMs, () => this.#beat()),
      this.#deps.clock.every(LISTEN.lifecyclePollMs, () => void parts.keeper.lookAfter()),
    );
  }

  #takeAudio(parts: Parts, message: AudioMessage): void {
    parts.audio.push(message);
    parts.recogniser.push(message);
    if (parts.audio.isFull) this.#socket.pause();
  }

  #onDurable(count: number): void {
    if (this.#socket.isPaused && this.#parts?.audio.isFull === false) this.#socket.resume();
    if (this.#request.query.audioAck && this.#parts?.intake.acknowledgeable === true) this.#announcer.durable(count);
  }

  #onStorageFailure(error: unknown): void {
    this.#log.error({ error: messageOf(error) }, "audio could not be stored");
    this.#out.close(CLOSE.internal, "audio could not be stored");
  }

  #onRecogniserState(state: "live" | "lost", engines: LiveEngines, keeper: ConversationKeeper): void {
    if (state === "live") {
      this.#live.resolve();
      this.#announcer.recovered(engines);
      return;
    }
    keeper.withdrawPartial();
    this.#announcer.recovering();
  }

  #onRefused(engines: LiveEngines): void {
    const provider = engines.provider;
    if (engines.next()) return;
    this.#parts?.recogniser.abort();
    this.#announcer.recogniserFailed(provider);
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
    const { intake, audio, recogniser, keeper, link, completions, hold } = this.#parts;
    for (const message of intake.settle(keeper.acceptingId)) this.#takeAudio(this.#parts, message);
    await this.#flushAudio();
    // A client that lost its network comes back with the same recording, and its next socket hears the cut word whole; what
    // nobody comes back for is repaired from the store.
    const mayReturn = code !== CLOSE.normal && this.#request.query.clientConversationId !== null;
    if (mayReturn) recogniser.abort();
    else await recogniser.finish();
    await keeper.settled();
    if (this.#request.query.source === "desktop" && code === CLOSE.normal) {
      await keeper.end(keeper.acceptingId, { trigger: "disconnect", force: false });
    }
    if (!mayReturn) await removeIfEmpty(this.#deps.db, this.userId, keeper.acceptingId);
    audio.close();
    keeper.close();
    await releaseRecording(this.#deps.db, hold, this.#deps.clock.now());
    link.close();
    completions.close();
    this.#log.info({ code, transcribed: recogniser.watermark, durable: audio.durable }, "live session ended");
  }
}
