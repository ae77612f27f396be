/**
 * Finds utterances in a stream of voice-activity flags. Pure: flags and loudness in (one of each per window of 512 samples,
 * 32 ms), stretches out. Two promises: the stretches it closes lie end to end and cover the stream exactly, and no
 * utterance is longer than `maxMs`. The recogniser is to listen from a little before an utterance (`hear`): the quiet up to
 * 0.7 s before the voice, as far as nobody spoke in it. Without that lead it mistakes first words ("Ask not" for "As not").
 *
 *   silence ──voice──▶ utterance           opens 0.3 s before the voice (pre-roll); the silence before it stays open with it
 *   silence ──5 s──▶ silence               closes all but the last 1.5 s, so that a listener's watermark advances
 *   utterance ──quiet for 0.2 s──▶ utterance   says `speculate`: what there is will be the whole if the quiet lasts
 *   utterance ──quiet for `endpointMs`──▶ silence   closes the silence before it, and it 0.2 s after the last voice (post-roll)
 *   utterance ──quiet for 0.25 s, when it is longer than `breathAfterMs`──▶ silence   a pause to breathe is taken, so that the last
 *                                          words of a long speech need not wait for all of it to be recognised again
 *   utterance of less than 1 s of voice ──quiet for `fewWordsEndpointMs`──▶ silence   likewise, but later: it may go on
 *   utterance ──quiet, but less than 0.1 s of voice in all──▶ silence    a click: closed as silence later
 *   utterance ──`maxMs`──▶ utterance       cut at the quietest moment of its last third; the rest is a new utterance
 *   any ──flush──▶ silence                 closes everything up to the end of what was heard
 *
 * A listener whose stream dies feeds the next one from what is closed. That is why silence stays open as long as an utterance
 * may want to hear it: the next stream then understands the same words.
 */

export const WINDOW_SAMPLES = 512;
const WINDOW_MS = 32;

/** What the segmenter says. Positions are samples of the stream. */
export type SegmentAction =
  /** [start, end) holds no speech. */
  | { readonly type: "silence"; readonly start: number; readonly end: number }
  /** [start, end) is an utterance. `speechFinal`: it ended in silence, not in a cut. */
  | ({ readonly type: "utterance"; readonly speechFinal: boolean } & Utterance)
  /** [start, end) is likely to be closed as an utterance soon. */
  | ({ readonly type: "speculate" } & Utterance);

export interface Utterance {
  /** Where the recogniser begins to listen: at `start`, or in the quiet before it. */
  readonly hear: number;
  readonly start: number;
  readonly end: number;
}

export interface SegmenterOptions {
  /** Quiet that ends an utterance. */
  readonly endpointMs: number;
  /** An utterance longer than this is ended by a mere breath. */
  readonly breathAfterMs: number;
  /** Quiet that ends an utterance of less than a second of voice. */
  readonly fewWordsEndpointMs: number;
  /** Longest utterance. */
  readonly maxMs: number;
}

export const LIVE_SEGMENTS: SegmenterOptions = {
  endpointMs: 416,
  breathAfterMs: 7_000,
  fewWordsEndpointMs: 608,
  maxMs: 15_000,
};
/** Nobody waits for the words of a recording one by one, and the recogniser does better with longer pieces. */
export const BATCH_SEGMENTS: SegmenterOptions = {
  endpointMs: 480,
  breathAfterMs: 10_000,
  fewWordsEndpointMs: 900,
  maxMs: 15_000,
};

const windows = (ms: number): number => Math.max(1, Math.round(ms / WINDOW_MS));
const PRE_ROLL = windows(300);
const POST_ROLL = windows(200);
/** Quiet before the voice that the recogniser is given; part of it may be the post-roll of the utterance before. */
const LEAD_SAMPLES = 11_200;
/** Silence that stays open: the next stream of a listener needs more than the lead before its flags are sure of a short word. */
const OPEN_SILENCE_SAMPLES = 24_000;
/** The flags fall a little before a voice has quite died away. */
const FADE_SAMPLES = 800;
/** Less voice than this is a click. What is more may be a word: the recogniser judges it, and answers nothing to a cough. */
const MIN_VOICE = windows(96);
/** A few words are not ended by a short pause: the recogniser understands them better together with what follows. */
const FEW_WORDS = windows(1_000);
const BREATH = windows(250);
const SILENCE_CLOSE = windows(5_000);

interface Window {
  readonly voice: boolean;
  readonly loudness: number;
}

export interface Segmenter {
  /** A window that was told by an earlier stream: it only says where somebody spoke. Before the first `push` only. */
  passOver(voice: boolean): void;
  /** One window. `loudness` is any measure that grows with it; it only decides where a long utterance is cut. */
  push(voice: boolean, loudness: number): SegmentAction[];
  /** Closes everything up to sample `end`, which may lie within a window that was never pushed. */
  flush(end: number): SegmentAction[];
  /** The utterance that is open now, when there has been enough voice to believe in it. */
  readonly open: Utterance | undefined;
  /** Everything before this sample is closed. */
  readonly closedTo: number;
  /** Nobody will be asked to hear a sample before this one. */
  readonly neededFrom: number;
}

export function createSegmenter(options: SegmenterOptions): Segmenter {
  const endpoint = Math.max(POST_ROLL, windows(options.endpointMs));
  const breathAfter = windows(options.breathAfterMs);
  const maxWindows = windows(options.maxMs);
  /** All positions below are in samples, all lengths in windows. */
  let closedTo = 0;
  let heardTo = 0;
  /** The windows of the open utterance, pre-roll included; empty in silence. */
  let utterance: Window[] = [];
  let start = 0;
  let hear = 0;
  let voiceEnd: number | undefined;
  let voiced = 0;
  let quiet = 0;

  const closeSilence = (end: number): SegmentAction[] => {
    if (end <= closedTo) return [];
    const action = { type: "silence", start: closedTo, end } as const;
    closedTo = end;
    return [action];
  };
  const closeUtterance = (end: number, speechFinal: boolean): SegmentAction[] => {
    const before = closeSilence(start);
    closedTo = end;
    return [...before, { type: "utterance", hear, start, end, speechFinal }];
  };
  const toSilence = (): void => {
    utterance = [];
    voiced = 0;
    quiet = 0;
  };

  const inSilence = (window: Window): SegmentAction[] => {
    if (window.voice) {
      start = Math.max(closedTo, heardTo - (PRE_ROLL + 1) * WINDOW_SAMPLES);
      const quietFrom = voiceEnd === undefined ? 0 : voiceEnd + FADE_SAMPLES;
      hear = Math.min(start, Math.max(quietFrom, heardTo - WINDOW_SAMPLES - LEAD_SAMPLES));
      const preRoll = Math.ceil((heardTo - start) / WINDOW_SAMPLES) - 1;
      utterance = Array.from({ length: preRoll }, () => ({ voice: false, loudness: 0 }));
      utterance.push(window);
      voiced = 1;
      quiet = 0;
      return [];
    }
    const end = heardTo - OPEN_SILENCE_SAMPLES;
    return closedTo + SILENCE_CLOSE * WINDOW_SAMPLES <= end ? closeSilence(end) : [];
  };

  const inUtterance = (window: Window): SegmentAction[] => {
    utterance.push(window);
    if (window.voice) voiced += 1;
    quiet = window.voice ? 0 : quiet + 1;
    const enough = voiced >= MIN_VOICE;
    const end = heardTo - Math.max(0, quiet - POST_ROLL) * WINDOW_SAMPLES;
    const patience = patienceNow();
    if (quiet >= patience) {
      const actions = enough ? closeUtterance(end, patience >= endpoint) : [];
      toSilence();
      return actions;
    }
    if (utterance.length >= maxWindows) return cut();
    return enough && quiet === POST_ROLL ? [{ type: "speculate", hear, start, end }] : [];
  };

  /** Windows of quiet that end the open utterance. */
  const patienceNow = (): number => {
    if (voiced < FEW_WORDS) return Math.max(endpoint, windows(options.fewWordsEndpointMs));
    return utterance.length < breathAfter ? endpoint : Math.min(endpoint, BREATH);
  };

  /** Ends a long utterance at its quietest moment and goes on with the rest. */
  const cut = (): SegmentAction[] => {
    const from = Math.floor((utterance.length * 2) / 3);
    let quietest = from;
    let least = Number.POSITIVE_INFINITY;
    for (let i = from + 1; i < utterance.length - 1; i++) {
      const around =
        (utterance[i - 1]?.loudness ?? 0) + (utterance[i]?.loudness ?? 0) + (utterance[i + 1]?.loudness ?? 0);
      if (around <= least) {
        least = around;
        quietest = i;
      }
    }
    const rest = utterance.slice(quietest);
    const actions = closeUtterance(heardTo - rest.length * WINDOW_SAMPLES, false);
    utterance = rest;
    start = closedTo;
    hear = closedTo;
    // What follows a cut is the same speech: a single syllable of it must not be taken for a cough.
    voiced = rest.some(({ voice }) => voice) ? Math.max(MIN_VOICE, rest.filter(({ voice }) => voice).length) : 0;
    return actions;
  };

  return {
    passOver(voice): void {
      heardTo += WINDOW_SAMPLES;
      closedTo = heardTo;
      if (voice) voiceEnd = heardTo;
    },
    push(voice, loudness): SegmentAction[] {
      heardTo += WINDOW_SAMPLES;
      const window = { voice, loudness };
      const actions = utterance.length === 0 ? inSilence(window) : inUtterance(window);
      if (voice) voiceEnd = heardTo;
      return actions;
    },
    flush(end): SegmentAction[] {
      heardTo = Math.max(heardTo, end);
      const actions = utterance.length > 0 && voiced >= MIN_VOICE ? closeUtterance(end, true) : closeSilence(end);
      toSilence();
      return actions;
    },
    get open(): Utterance | undefined {
      return utterance.length > 0 && voiced >= MIN_VOICE ? { hear, start, end: heardTo } : undefined;
    },
    get closedTo(): number {
      return closedTo;
    },
    get neededFrom(): number {
      return Math.max(0, Math.min(utterance.length > 0 ? hear : closedTo, heardTo - OPEN_SILENCE_SAMPLES));
    },
  };
}
