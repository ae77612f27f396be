/**
 * The live half of a scripted gateway, without sockets: it answers one connection with the start sequence, keeps its audio in
 * the ledger and speaks only when told to (or, with `automatic`, after every message). Tests drive it with a fake clock.
 */
import { AudioLedger, type LedgerConnection } from "./audio-ledger.ts";

/** What a transport gives a connection to answer with. */
export interface LivePeer {
  text(message: string): void;
  close(code: number, reason: string): void;
}

export interface LiveConnection {
  readonly query: URLSearchParams;
  readonly peer: LivePeer;
  readonly audio: LedgerConnection;
}

export interface LiveScriptOptions {
  /** Make every message durable and acknowledge it at once. */
  readonly automatic?: boolean;
  /** Acknowledge nothing, as servers do that know no acknowledgements. */
  readonly silent?: boolean;
  /** Called for every audio message that is not a repeat, after it was received. */
  readonly onMessage?: (connection: LiveConnection) => void;
}

export class LiveScript {
  readonly ledger = new AudioLedger();
  readonly connections: LiveConnection[] = [];
  readonly #options: LiveScriptOptions;

  constructor(options: LiveScriptOptions = {}) {
    this.#options = options;
  }

  /** The connections that are open now. */
  get open(): LiveConnection[] {
    return this.connections.filter((connection) => connection.audio.isOpen);
  }

  connect(query: URLSearchParams, peer: LivePeer): LiveConnection {
    const recordingId = query.get("client_conversation_id") ?? "";
    const first = Number(query.get("first_sequence") ?? "0");
    // A newer connection takes the recording over; what an older, half-open one still holds is not durable.
    for (const older of this.open) if (older.audio.recordingId === recordingId) this.ledger.close(older.audio);
    const connection: LiveConnection = { query, peer, audio: this.ledger.open(recordingId, first) };
    this.connections.push(connection);
    return connection;
  }

  /** `service_status`, `conversation_session`, `ping`, `ready`: what a healthy server says first. */
  greet(connection: LiveConnection): void {
    this.say(connection, { type: "service_status", status: "initiating", status_text: "Service Starting" });
    this.say(connection, {
      type: "conversation_session",
      conversation_id: connection.audio.recordingId,
      status: "in_progress",
      recording_session_id: connection.audio.recordingId,
      lifecycle_version: 1,
      lifecycle_phase: "in_progress",
      lifecycle_sequence: 1,
    });
    connection.peer.text("ping");
    this.#tellDurable(connection, this.ledger.held(connection.audio.recordingId).length);
    this.say(connection, { type: "service_status", status: "ready", provider: "scripted" });
  }

  hear(connection: LiveConnection, message: Uint8Array): void {
    // Two bytes or less are a keep-alive (reference listen-and-pusher 2.4).
    if (message.length <= 2) return;
    this.ledger.receive(connection.audio, message);
    if (this.#options.automatic === true) this.acknowledge(connection);
    this.#options.onMessage?.(connection);
  }

  /** Makes everything received durable and says so. */
  acknowledge(connection: LiveConnection): void {
    this.#tellDurable(connection, this.ledger.flush(connection.audio));
  }

  #tellDurable(connection: LiveConnection, sequence: number): void {
    if (this.#options.silent === true || connection.query.get("audio_ack") !== "enabled") return;
    this.say(connection, { type: "audio_ack", sequence, recording_session_id: connection.audio.recordingId });
  }

  say(connection: LiveConnection, body: object): void {
    if (connection.audio.isOpen) connection.peer.text(JSON.stringify(body));
  }

  /** Ends a connection; what was not durable is gone. */
  drop(connection: LiveConnection, code = 1011, reason = ""): void {
    if (!connection.audio.isOpen) return;
    this.ledger.close(connection.audio);
    connection.peer.close(code, reason);
  }

  /**
   * The client sends the rest in another way: how many messages are durable, and no more will be. Undefined for a recording that
   * never came live, and where the server knows no acknowledgements.
   */
  end(recordingId: string): number | undefined {
    if (this.#options.silent === true) return undefined;
    if (!this.connections.some(({ audio }) => audio.recordingId === recordingId)) return undefined;
    for (const { audio } of this.open) if (audio.recordingId === recordingId) this.ledger.close(audio);
    return this.ledger.held(recordingId).length;
  }

  /** The client went away. */
  gone(connection: LiveConnection): void {
    this.ledger.close(connection.audio);
  }
}
