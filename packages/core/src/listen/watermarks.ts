/**
 * How far the words of a recording have got, when each of its channels is recognised on its own. Messages of all channels
 * share one count; the watermark of the recording is the first message of any channel whose words are not known yet.
 *
 * Promises: `overall` never moves back, never passes a message that is not closed or that a channel has not looked at yet, and
 * reaches the last message once every channel has looked at it and closed its own. With one channel it is the highest count
 * that was closed.
 */
interface ChannelState {
  /** Own messages that are not closed, oldest first. */
  open: number[];
  /** Every message before this count was looked at: taken as its own, or passed as another channel's. */
  seen: number;
  /** Own messages before this count are closed. */
  mark: number;
}

/** No channel has this number. */
const ONLY_LOOK = -1;

export interface RecordingWatermark {
  /** Messages of the recording before this count have their words, or had none. */
  readonly transcribedMessages: number;
  /** By channel; undefined where there is one channel only. */
  readonly channelMarks: Readonly<Record<string, number>> | undefined;
}

export class Watermarks {
  readonly #channels = new Map<number, ChannelState>();
  #overall: number;

  /** `from`: the recording's watermark so far; `marks`: those of its channels, where they are ahead of it. */
  constructor(channels: readonly number[], from: number, marks: Readonly<Record<string, number>> = {}) {
    this.#overall = from;
    for (const channel of channels) {
      this.#channels.set(channel, { open: [], seen: from, mark: Math.max(from, marks[String(channel)] ?? 0) });
    }
  }

  /** Messages of the channel before this count are closed. */
  markOf(channel: number): number {
    return this.#channels.get(channel)?.mark ?? this.#overall;
  }

  /** Whether the channel has a message before this count that is not closed, or that it has not looked at. */
  isOpenBefore(channel: number, before: number): boolean {
    const state = this.#channels.get(channel);
    return state !== undefined && (state.open[0] ?? state.seen) < before;
  }

  /** One of the channel's own messages; in the order of their counts, repeats are passed over. */
  received(channel: number, message: number): void {
    const state = this.#channels.get(channel);
    if (state === undefined || message < state.seen) return;
    state.seen = message + 1;
    if (message >= state.mark) state.open.push(message);
  }

  /** Everything before this count was looked at by the channel. */
  passed(channel: number, before: number): void {
    const state = this.#channels.get(channel);
    if (state !== undefined && before > state.seen) state.seen = before;
  }

  /** Messages of the channel before this count have their words, or had none. */
  closed(channel: number, before: number): void {
    const state = this.#channels.get(channel);
    if (state === undefined || before <= state.mark) return;
    state.mark = before;
    const keep = state.open.findIndex((message) => message >= before);
    state.open = keep === -1 ? [] : state.open.slice(keep);
  }

  get overall(): number {
    this.#overall = this.after(ONLY_LOOK, 0).transcribedMessages;
    return this.#overall;
  }

  /**
   * What the watermarks will be once messages of this channel before this count are closed: what a transaction stores that
   * closes them. Nothing changes yet.
   */
  after(channel: number, before: number): RecordingWatermark {
    let overall = Number.POSITIVE_INFINITY;
    const marks: Record<string, number> = {};
    for (const [id, { open, seen, mark }] of this.#channels) {
      const closedBefore = id === channel ? Math.max(mark, before) : mark;
      marks[String(id)] = closedBefore;
      overall = Math.min(overall, open.find((message) => message >= closedBefore) ?? seen);
    }
    const transcribedMessages = Number.isFinite(overall) ? Math.max(this.#overall, overall) : this.#overall;
    return { transcribedMessages, channelMarks: this.#channels.size < 2 ? undefined : marks };
  }
}
