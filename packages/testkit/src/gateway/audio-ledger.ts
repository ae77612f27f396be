/**
 * The durable half of a scripted gateway: which audio messages of which recording session it holds, by the rules that a real
 * server keeps (DESIGN section 3). A message is received, then durable, then acknowledged; a connection that ends takes what
 * was only received with it. Repeats are dropped by their sequence; a hole is a fault of the client and is remembered.
 */
export interface LedgerConnection {
  readonly recordingId: string;
  /** Sequence of the next message on this connection. */
  next: number;
  received: Uint8Array[];
  isOpen: boolean;
}

export class AudioLedger {
  /** Durable messages by recording. */
  readonly durable = new Map<string, Uint8Array[]>();
  /** What a correct client never does. */
  readonly faults: string[] = [];
  /** Messages dropped as repeats. */
  repeats = 0;

  open(recordingId: string, firstSequence: number): LedgerConnection {
    const held = this.held(recordingId).length;
    if (firstSequence > held) this.faults.push(`first_sequence ${firstSequence} leaves a hole after ${held}`);
    return { recordingId, next: firstSequence, received: [], isOpen: true };
  }

  held(recordingId: string): Uint8Array[] {
    const messages = this.durable.get(recordingId) ?? [];
    this.durable.set(recordingId, messages);
    return messages;
  }

  receive(connection: LedgerConnection, message: Uint8Array): void {
    if (!connection.isOpen) return;
    const sequence = connection.next;
    connection.next += 1;
    const expected = this.held(connection.recordingId).length + connection.received.length;
    if (sequence < expected) this.repeats += 1;
    else if (sequence > expected) this.faults.push(`message ${sequence} came when ${expected} was due`);
    else connection.received.push(message);
  }

  /** What was received becomes durable. Returns the sequence that an acknowledgement may now name. */
  flush(connection: LedgerConnection): number {
    const held = this.held(connection.recordingId);
    held.push(...connection.received);
    connection.received = [];
    return held.length;
  }

  close(connection: LedgerConnection): void {
    connection.isOpen = false;
    connection.received = [];
  }
}
