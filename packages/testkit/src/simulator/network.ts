/**
 * The network between simulated processes. Frames of one direction of one connection stay in order, as TCP keeps them, each
 * with a delay of its own; frames of different connections overtake each other. It can go wrong in these ways:
 *
 * - `cut`: a connection breaks, both ends notice, what was on its way is lost;
 * - `roam`: a client's own machine gives its connection up (a telephone changes networks), and the other end never learns of it;
 * - `freeze`: a connection is half open from now on: nothing arrives and nobody is told;
 * - `slow`: the frames of a connection take seconds for a while, in both directions;
 * - `flap`: all connections to a machine break, again and again, as fast as they are opened anew;
 * - `partition`: nothing passes between two machines until it heals; then what was sent arrives late, and handshakes that were
 *   begun meanwhile have timed out.
 *
 * The death of a process resets its connections. What it had sent may still arrive.
 */

import type { SimProcess } from "./process.ts";
import type { SeededRandom } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Frame, SimSocket, type Wire } from "./socket.ts";

export interface Handshake {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a server says to a handshake: a function that gets the accepted socket, or an HTTP status. */
export type Answer =
  | ((socket: SimSocket) => void)
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

export interface Listener {
  readonly process: SimProcess;
  /** May take its time. */
  readonly accept: (handshake: Handshake) => Answer | Promise<Answer>;
}

export interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly handshakeTimeout?: number;
}

/** Delays of one frame, milliseconds: mostly short, now and then long. */
export interface Delays {
  readonly fromMs: number;
  readonly toMs: number;
}

const DEFAULT_HANDSHAKE_MS = 10_000;
const SLOWEST_MS = 3_000;

interface Sent {
  readonly frame: Frame;
  readonly bytes: number;
}

class Connection {
  readonly ends: readonly [SimSocket, SimSocket];
  isCut = false;
  isFrozen = false;
  isAbandoned = false;
  slowUntilMs = 0;
  readonly #network: SimNetwork;
  /** What is on its way, in order, by the end that sent it. */
  readonly #sent: readonly [Sent[], Sent[]] = [[], []];
  readonly inFlight: [number, number] = [0, 0];

  constructor(network: SimNetwork, client: SimSocket, server: SimSocket) {
    this.#network = network;
    this.ends = [client, server];
  }

  wire(from: 0 | 1): Wire {
    const connection = this;
    return {
      send: (frame, bytes) => this.send(from, frame, bytes),
      get inFlight() {
        return connection.inFlight[from];
      },
    };
  }

  send(from: 0 | 1, frame: Frame, bytes: number): void {
    if (this.isCut || (this.isAbandoned && from === 0)) return;
    this.inFlight[from] += bytes;
    this.#sent[from].push({ frame, bytes });
    this.#deliverAfter(from, this.#network.delayMs() + this.#network.slownessMs(this.slowUntilMs));
  }

  /** One frame arrives: the first that is on its way, whichever was sent with this delay. */
  #deliverAfter(from: 0 | 1, ms: number): void {
    const [client, server] = this.ends;
    const target = from === 0 ? server : client;
    const kind = (): string => this.#sent[from][0]?.frame.kind ?? "nothing";
    const label = `${client.name} ${from === 0 ? "->" : "<-"}`;
    this.#network.scheduler.after(ms, label, target.process, () => {
      if (this.isFrozen || this.isCut || (this.isAbandoned && from === 1)) return;
      const blockedMs = this.#network.blockedUntilMs(client.process, server.process) - this.#network.scheduler.nowMs;
      if (blockedMs > 0) return this.#deliverAfter(from, blockedMs);
      this.#network.scheduler.note(kind());
      const next = this.#sent[from].shift();
      if (next === undefined) return;
      target.deliver(next.frame, () => {
        this.inFlight[from] -= next.bytes;
      });
    });
  }

  /** The last part of what is on its way is lost, as with a kernel that drops what it had not sent. */
  lose(from: 0 | 1, share: number): void {
    const sent = this.#sent[from];
    sent.length = Math.floor(sent.length * share);
  }

  /** The client's end is over; what it had sent still arrives, and then nothing, without a word. */
  abandon(): void {
    const [client] = this.ends;
    this.isAbandoned = true;
    client.process.after(0, `${client.name} roams`, () => client.deliver({ kind: "reset" }, () => {}));
  }

  /** Both ends learn that it is over. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.#network.forget(this);
    for (const end of this.ends) {
      end.process.after(this.#network.delayMs(), `${end.name} reset`, () => end.deliver({ kind: "reset" }, () => {}));
    }
  }
}

export class SimNetwork {
  readonly scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #listeners = new Map<string, Listener[]>();
  readonly #connections = new Set<Connection>();
  readonly #blocked = new Map<string, number>();
  #delays: Delays;

  constructor(scheduler: Scheduler, random: SeededRandom, delays: Delays) {
    this.scheduler = scheduler;
    this.#random = random;
    this.#delays = delays;
  }

  setDelays(delays: Delays): void {
    this.#delays = delays;
  }

  delayMs(): number {
    return this.#random.skewed(this.#delays.fromMs, this.#delays.toMs);
  }

  /** `host` is the host of URLs that lead here; several listeners share the load. A listener ends with its process. */
  listen(host: string, listener: Listener): void {
    const listeners = this.#listeners.get(host) ?? [];
    this.#listeners.set(host, listeners);
    listeners.push(listener);
    listener.process.onDeath(() => listeners.splice(listeners.indexOf(listener), 1));
  }

  connect(process: SimProcess, target: string | URL, options: ConnectOptions = {}): SimSocket {
    const url = new URL(target);
    const socket = new SimSocket(process, `${process.name}>${url.host}`);
    const timeout = process.after(options.handshakeTimeout ?? DEFAULT_HANDSHAKE_MS, `${socket.name} timeout`, () =>
      socket.failed(new Error("Opening handshake has timed out")),
    );
    socket.once("open", () => timeout.cancel());
    socket.once("close", () => timeout.cancel());
    this.scheduler.after(this.delayMs(), `${socket.name} SYN`, undefined, () => {
      const listeners = this.#listeners.get(url.host) ?? [];
      const listener = listeners.length === 0 ? undefined : this.#random.pick(listeners);
      if (listener === undefined) {
        const error = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
        process.after(this.delayMs(), `${socket.name} RST`, () => socket.failed(error));
        return;
      }
      if (this.blockedUntilMs(process, listener.process) > this.scheduler.nowMs) return;
      listener.process.after(0, `${socket.name} accept`, () => {
        void this.#accept(socket, listener, { url, headers: options.headers ?? {} });
      });
    });
    return socket;
  }

  async #accept(socket: SimSocket, listener: Listener, handshake: Handshake): Promise<void> {
    const answer = await listener.accept(handshake);
    if (typeof answer !== "function") {
      const refuse = (): void => socket.refused(answer.status, answer.headers ?? {});
      socket.process.after(this.delayMs(), `${socket.name} refused`, refuse);
      return;
    }
    if (socket.readyState !== 0 || socket.process.isDead) return;
    const server = new SimSocket(listener.process, `${socket.name}'`, 1);
    const connection = new Connection(this, socket, server);
    socket.attach(connection.wire(0));
    server.attach(connection.wire(1));
    connection.send(1, { kind: "open" }, 0);
    this.#connections.add(connection);
    for (const end of connection.ends) {
      end.once("close", () => this.forget(connection));
      end.process.onDeath(() => this.#reset(connection, end));
    }
    answer(server);
  }

  /** The end's process died: its kernel resets the connection, behind what it had sent. */
  #reset(connection: Connection, dead: SimSocket): void {
    if (!this.#connections.has(connection)) return;
    if (this.#random.chance(0.5)) connection.lose(dead === connection.ends[0] ? 0 : 1, this.#random.next());
    connection.send(dead === connection.ends[0] ? 0 : 1, { kind: "reset" }, 0);
    this.forget(connection);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** Until when nothing passes between the machines of two processes. */
  blockedUntilMs(a: SimProcess, b: SimProcess): number {
    return this.#blocked.get(pairOf(a.name, b.name)) ?? 0;
  }

  partition(a: string, b: string, forMs: number): void {
    this.scheduler.note(`partition ${a} ${b} ${forMs.toFixed(0)}`);
    this.#blocked.set(pairOf(a, b), this.scheduler.nowMs + forMs);
  }

  /** Every partition ends now. */
  heal(): void {
    for (const pair of this.#blocked.keys()) this.#blocked.set(pair, this.scheduler.nowMs);
  }

  cutOne(): void {
    const connection = this.#anyConnection();
    if (connection === undefined) return;
    this.scheduler.note(`cut ${connection.ends[0].name}`);
    connection.cut();
  }

  slowOne(forMs: number): void {
    const connection = this.#anyConnection();
    if (connection === undefined) return;
    this.scheduler.note(`slow ${connection.ends[0].name} ${forMs.toFixed(0)}`);
    connection.slowUntilMs = this.scheduler.nowMs + forMs;
  }

  /** What a frame takes longer on a connection that is slow until then. */
  slownessMs(untilMs: number): number {
    return untilMs > this.scheduler.nowMs ? this.#random.between(200, SLOWEST_MS) : 0;
  }

  /** Breaks every connection to this machine, `times` times. */
  flap(machine: string, times: number, everyMs: number): void {
    this.scheduler.note(`flap ${machine}`);
    for (const connection of [...this.#connections]) {
      if (machineOf(connection.ends[1].process.name) === machine) connection.cut();
    }
    if (times > 1) {
      this.scheduler.after(everyMs, `flap ${machine}`, undefined, () => this.flap(machine, times - 1, everyMs));
    }
  }

  freezeOne(): void {
    const connection = this.#anyConnection();
    if (connection === undefined) return;
    this.scheduler.note(`freeze ${connection.ends[0].name}`);
    connection.isFrozen = true;
  }

  /** One of the connections that such a process opened. */
  roamOne(isRoamer: (process: SimProcess) => boolean): void {
    const connection = this.#anyConnection(({ ends }) => isRoamer(ends[0].process) && ends[0].readyState === 1);
    if (connection === undefined) return;
    this.scheduler.note(`roam ${connection.ends[0].name}`);
    connection.abandon();
  }

  #anyConnection(fits: (connection: Connection) => boolean = () => true): Connection | undefined {
    const open = [...this.#connections].filter((connection) => {
      return !connection.isFrozen && !connection.isAbandoned && fits(connection);
    });
    return open.length === 0 ? undefined : this.#random.pick(open);
  }
}

/** Names of processes end in the number of their restart; machines are what stays. */
function pairOf(a: string, b: string): string {
  return [machineOf(a), machineOf(b)].sort().join("|");
}

function machineOf(name: string): string {
  return name.replace(/#.*$/, "");
}
