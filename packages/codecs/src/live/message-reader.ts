/** What reads the messages of one codec. Timing is not its concern: `message-decoder.ts` sees to it. */

export interface ReadMessage {
  /** 16 kHz mono samples, about as many as the message is long: what a filter holds back comes with the next message. */
  readonly samples: Float32Array;
  /** Part of the message could not be read and is silence. */
  readonly bad: boolean;
}

export interface MessageReader {
  /** Undefined: nothing of the message could be read. */
  read(message: Uint8Array): ReadMessage | undefined;
  close(): void;
}
