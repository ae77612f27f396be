/**
 * The channels of a call as one voice: added up, clipped, and kept together in time. A channel that falls more than a second
 * behind (nobody speaks there, or its messages are missing) is silent for that time and does not hold the others back.
 */
const MOST_LAG_SAMPLES = 16_000;

export interface Mixer {
  /** Adds samples of a channel. */
  add(channel: number, samples: Float32Array): void;
  /** What every channel has reached, or everything at the end. */
  take(everything: boolean): Float32Array;
}

export function createMixer(): Mixer {
  const queues = new Map<number, Float32Array>();
  return {
    add(channel, samples) {
      const before = queues.get(channel) ?? new Float32Array(0);
      const joined = new Float32Array(before.length + samples.length);
      joined.set(before);
      joined.set(samples, before.length);
      queues.set(channel, joined);
    },
    take(everything) {
      const lengths = [...queues.values()].map((queue) => queue.length);
      const longest = Math.max(0, ...lengths);
      const count = everything ? longest : Math.max(0, Math.min(...lengths, longest), longest - MOST_LAG_SAMPLES);
      const mixed = new Float32Array(count);
      for (const [channel, queue] of queues) {
        for (let i = 0; i < Math.min(count, queue.length); i++) {
          mixed[i] = Math.max(-1, Math.min(1, (mixed[i] ?? 0) + (queue[i] ?? 0)));
        }
        queues.set(channel, queue.slice(count));
      }
      return mixed;
    },
  };
}
