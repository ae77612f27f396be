/**
 * The whole client over a disk, a network and a server that fail on demand: recording log, live socket, sync engine. The server
 * keeps the messages it holds from both ways, so that a test can say of every frame where it is. Frames carry their number.
 */
import { LiveScript } from "@holdfast/testkit/gateway";
import { MemoryDisk } from "@holdfast/testkit/log";
import {
  type Connect,
  HoldfastClient,
  type LiveCapture,
  type LogStore,
  type OpenStore,
  type Recording,
} from "../../src/index.ts";
import { decodeHeader, scanFrames } from "../../src/log/segment-format.ts";
import { frameOf, numberOf, OPUS } from "../log/recordings.ts";
import { fixedRandom, ManualClock } from "../manual-clock.ts";
import { type ScriptedLink, scriptedLink } from "../scripted-connect.ts";
import { Window } from "../sync/stage.ts";
import { Process } from "./process.ts";
import { FAIR_USE_STATUS, type UploadMood, UploadServer } from "./upload-server.ts";

interface Session {
  /** Numbers of the frames that it took, in their order. */
  readonly frames: number[];
  written: number;
  /** Frames for which neither disk nor memory had room. */
  refused: number;
  /** Frames that it said are lost. */
  toldLost: number;
}

export interface ClientWorldOptions {
  /** The server acknowledges nothing. */
  readonly silent?: boolean;
  /** Default: one that the server takes for ever. */
  readonly token?: string | ((world: ClientWorld) => string);
  /** Frames that a session holds in memory while the disk takes none. */
  readonly heldFrames?: number;
  /** Copies that the server confirmed go after so many days. */
  readonly retentionDays?: number;
}

export class ClientWorld {
  readonly disk = new MemoryDisk();
  readonly script: LiveScript;
  readonly link: ScriptedLink;
  readonly window = new Window();
  readonly clock: ManualClock;
  readonly server: UploadServer;
  /** What a client is given that asks for its token before every request. */
  givenToken: string;
  client: HoldfastClient | undefined;
  capture: LiveCapture | undefined;
  /** Frames that were written: no end of the process can take them away. */
  readonly kept = new Set<number>();
  readonly #sessions = new Map<string, Session>();
  readonly #options: ClientWorldOptions;
  readonly #heldFrames: number;
  readonly #random = fixedRandom();
  #process: Process;
  #next = 0;

  constructor(options: ClientWorldOptions = {}) {
    this.#options = options;
    this.#heldFrames = options.heldFrames ?? 3_000;
    this.script = new LiveScript({ silent: options.silent ?? false });
    this.link = scriptedLink(this.script);
    this.clock = new ManualClock(60, () => this.server.isReading);
    this.server = new UploadServer(this.clock, (sessionId) => this.script.end(sessionId));
    this.givenToken = this.server.validToken;
    this.#process = new Process(this.clock);
  }

  /** Throws what the log says; never resolves where the process dies over it. */
  async open(): Promise<HoldfastClient> {
    const process = new Process(this.clock);
    this.#process = process;
    void this.disk.death.then(() => process.end());
    const { token = "t", retentionDays = null } = this.#options;
    const client = await HoldfastClient.open({
      ...{ store: this.#watched(await this.disk.open()), owner: "me", reserveBytes: 0 },
      ...{ server: "http://server", token: typeof token === "string" ? token : () => token(this) },
      ...{ fetch: (url, init) => this.#fetch(process, url, init), connect: this.#connect(process) },
      ...{ clock: process, random: this.#random, environment: this.window },
      ...{ maxHeldFrames: this.#heldFrames, retentionDays },
    });
    this.client = client;
    client.log.on((event) => {
      if (event.type === "captured") this.#captured(event.sessionId, event.frames);
      if (event.type === "frames_lost" || event.type === "capture_resumed")
        this.#session(event.sessionId).toldLost = event.lostFrames;
    });
    client.start();
    return client;
  }

  /** Its token is asked for anew before every request; otherwise a person has to sign in. */
  get asksForToken(): boolean {
    return typeof this.#options.token === "function";
  }

  async record(): Promise<LiveCapture> {
    const client = this.client ?? (await this.open());
    this.capture = await client.capture({ ...OPUS });
    return this.capture;
  }

  /** So many frames at the pace of sound. */
  async speak(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.clock.advance(20);
      if (this.capture === undefined) return;
      this.#append(this.capture);
    }
    await this.clock.advance(0);
  }

  /** The process dies, where it has not already; what it said to nobody is gone. */
  async kill(): Promise<void> {
    this.disk.kill();
    for (const connection of this.script.open) this.script.gone(connection);
    this.#gone();
    // Nobody can know whether it had written down that it has to wait.
    this.server.forgetPause();
    await this.clock.advance(0);
  }

  /** The program ends in order, and gives its store back within a minute. */
  async close(): Promise<void> {
    const process = this.#process;
    const end = (): void => this.#checkEnd(process);
    // A disk that takes nothing makes it fail, and come to its end.
    const closing = this.client?.close().then(end, end);
    await this.clock.advance(60_000);
    if (this.isDead || closing === undefined) return;
    if (!process.isClosed) this.broken.push("close does not come to its end");
    if (this.isFull) this.server.forgetPause();
    this.#gone();
  }

  #checkEnd(process: Process): void {
    process.isClosed = true;
    if (process.stopping > 0) this.broken.push(`${process.stopping} captures are not over behind close`);
    if (process.timers > 0) this.broken.push(`${process.timers} timers run behind close`);
    for (const { audio } of this.script.open) this.broken.push(`${audio.recordingId} is open behind close`);
  }

  /** The capture comes to its end, and nobody waits for it; once for each of `drainsMs`. */
  stop(...drainsMs: readonly (number | undefined)[]): void {
    const { capture } = this;
    const process = this.#process;
    this.capture = undefined;
    if (capture === undefined) return;
    for (const drainMs of drainsMs) {
      process.stopping += 1;
      const stopped = (): void => {
        process.stopping -= 1;
      };
      capture.stop(drainMs).then(stopped, stopped);
    }
  }

  /** Captures that are coming to their end. */
  get stopping(): number {
    return this.#process.stopping;
  }

  #gone(): void {
    this.#process.end();
    this.client = undefined;
    this.capture = undefined;
  }

  /** The process died by itself, in the middle of a write. */
  get isDead(): boolean {
    return this.client !== undefined && this.#process.isOver;
  }

  /** Room for so many bytes more; without a number as much as anybody needs. */
  set room(bytes: number) {
    this.disk.capacityBytes = this.#diskBytes + bytes;
  }

  get isFull(): boolean {
    return Number.isFinite(this.disk.capacityBytes);
  }

  get #diskBytes(): number {
    return this.disk.names().reduce((sum, name) => sum + (this.disk.peek(name)?.length ?? 0), 0);
  }

  /** Numbers of the frames of a recording, as they were captured. */
  framesOf({ sessionId, firstSequence, frames }: Recording): number[] {
    return this.#session(sessionId ?? "").frames.slice(firstSequence, firstSequence + frames);
  }

  /** Frames that were captured and never written, and those that the log said are lost. */
  get lost(): { readonly frames: number; readonly told: number } {
    let frames = 0;
    let told = 0;
    for (const session of this.#sessions.values()) {
      frames += session.refused + session.frames.length - session.written;
      told += session.toldLost;
    }
    return { frames, told };
  }

  /** Frames that the log holds and that are not known to be at the server. */
  get heldFrames(): number {
    let held = 0;
    for (const { status, frames, delivered } of this.client?.log.recordings.values() ?? []) {
      if (status !== "synced") held += frames - delivered;
    }
    return held;
  }

  get mood(): UploadMood {
    return this.server.mood;
  }

  set mood(mood: UploadMood) {
    this.server.mood = mood;
  }

  /** Frames by how often the server took them by upload. */
  get uploaded(): ReadonlyMap<number, number> {
    return this.server.uploaded;
  }

  get uploadRequests(): number {
    return this.server.uploadRequests;
  }

  /** What a client never does. */
  get broken(): string[] {
    return this.server.broken;
  }

  get live(): Set<number> {
    return new Set([...this.script.ledger.durable.values()].flat().map(numberOf));
  }

  /** How often the server was given a frame, over both ways. */
  timesOf(frame: number): number {
    return (this.live.has(frame) ? 1 : 0) + (this.uploaded.get(frame) ?? 0);
  }

  /** Makes what came over the live way durable and says so, as a server does every second; it shows that it lives, too. */
  flush(): void {
    for (const connection of this.script.open) {
      connection.peer.text("ping");
      this.script.acknowledge(connection);
    }
  }

  /** Frames that nobody but the device has. */
  get missing(): number[] {
    const { safe } = this;
    return [...this.kept].filter((frame) => !safe.has(frame));
  }

  /** Frames that the server has, by either way. */
  get safe(): ReadonlySet<number> {
    return new Set([...this.live, ...this.server.completed]);
  }

  #session(id: string): Session {
    const session = this.#sessions.get(id) ?? { frames: [], written: 0, refused: 0, toldLost: 0 };
    this.#sessions.set(id, session);
    return session;
  }

  /** No number is given twice, so that a frame that a dead process wrote is not taken for another. */
  #append(capture: LiveCapture): void {
    const session = this.#session(capture.sessionId);
    const isRefused = session.frames.length - session.written >= this.#heldFrames;
    capture.append(frameOf(this.#next));
    if (isRefused) session.refused += 1;
    else session.frames.push(this.#next);
    this.#next += 1;
  }

  #captured(sessionId: string, count: number): void {
    const session = this.#session(sessionId);
    for (const frame of session.frames.slice(session.written, count)) this.kept.add(frame);
    session.written = count;
  }

  /** A file goes only when the server has every frame of it. */
  #watched(opened: OpenStore): OpenStore {
    const { store } = opened;
    const remove: LogStore["remove"] = async (name) => {
      const lost = this.#framesIn(name).filter((frame) => this.kept.has(frame) && !this.safe.has(frame));
      if (lost.length > 0) this.broken.push(`${name} is removed with ${lost.length} frames that nobody else has`);
      await store.remove(name);
    };
    return { ...opened, store: { ...store, remove } };
  }

  #framesIn(name: string): number[] {
    const file = name.endsWith(".seg") ? this.disk.peek(name) : undefined;
    const header = file === undefined ? undefined : decodeHeader(file);
    if (file === undefined || header === undefined) return [];
    return scanFrames(file, header.bytes, header.facts.firstSequence).frames.map(numberOf);
  }

  #connect(process: Process): Connect {
    return (target, handlers) => {
      const isWelcome = target.token === this.server.validToken;
      if (isWelcome && !process.isOver) return this.link.connect(target, handlers);
      if (!process.isOver) queueMicrotask(() => handlers.closed({ code: 1006, reason: "", httpStatus: 401 }));
      return { send: () => {}, close: () => {}, bufferedAmount: 0 };
    };
  }

  async #fetch(process: Process, url: string, init: RequestInit): Promise<Response> {
    // A dead program still has promises here; nobody hears its requests.
    if (process.isOver) return await new Promise<never>(() => {});
    const { pathname } = new URL(url);
    const isPaused = this.client?.sync.status.limit !== null && this.client !== undefined;
    if (isPaused && pathname !== FAIR_USE_STATUS) this.broken.push(`${pathname} during a pause`);
    return await this.server.answer(process, url, init);
  }
}
