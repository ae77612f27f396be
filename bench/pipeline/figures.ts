/**
 * The arithmetic of the pipeline figures, without clocks, processes or sockets: quantiles of many delays in bounded memory,
 * the pace of a load, ratios, and where a CPU profile says that time went.
 */

/** Delays in steps of a tenth of a millisecond, so that millions of them cost the same as one. */
export class Delays {
  readonly #counts: Uint32Array;
  #count = 0;
  #sum = 0;
  #max = 0;

  /** Longer delays count as `longestMs`; `max` stays exact. */
  constructor(longestMs = 30_000) {
    this.#counts = new Uint32Array(longestMs * 10 + 1);
  }

  add(ms: number): void {
    const step = Math.min(this.#counts.length - 1, Math.max(0, Math.round(ms * 10)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#count += 1;
    this.#sum += ms;
    this.#max = Math.max(this.#max, ms);
  }

  /** The delay that `share` of all delays do not exceed; 0 where there are none. */
  quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (let step = 0; step < this.#counts.length; step++) {
      left -= this.#counts[step] ?? 0;
      if (left <= 0) return Math.min(step / 10, this.#max);
    }
    return this.#max;
  }

  summary(): DelaySummary {
    const meanMs = this.#count === 0 ? 0 : this.#sum / this.#count;
    return { count: this.#count, meanMs, p50Ms: this.quantile(0.5), p99Ms: this.quantile(0.99), maxMs: this.#max };
  }
}

export interface DelaySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Frames of all sessions as one evenly spaced sequence: frame `n` is number `floor(n / sessions)` of session `n % sessions`.
 * So no two sessions send in step, and how many are due depends on the clock alone: a late sender catches up.
 */
export class Pace {
  readonly sessions: number;
  readonly #frameMs: number;

  constructor(sessions: number, frameMs: number) {
    this.sessions = sessions;
    this.#frameMs = frameMs;
  }

  dueAfter(elapsedMs: number): number {
    return Math.floor((Math.max(0, elapsedMs) / this.#frameMs) * this.sessions);
  }

  /** When frame `index` of a session is to be sent, from the start of the load. */
  dueAtMs(session: number, index: number): number {
    return (index + session / this.sessions) * this.#frameMs;
  }
}

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  /** Of the whole time, idle included. */
  readonly share: number;
}

/** The functions that ran most themselves, the largest share first. `by` names what counts as one. */
export function selfTimes(profile: CpuProfile, by: "function" | "file", most: number): SelfTime[] {
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => {
      const file = callFrame.url.replace(/^.*\/(?=(packages|node_modules)\/)/, "").replace(/^file:.*\//, "");
      const place = file === "" ? "" : ` ${file}:${callFrame.lineNumber + 1}`;
      const called = callFrame.functionName === "" ? "(anonymous)" : callFrame.functionName;
      return [id, by === "file" && file !== "" ? file : `${called}${place}`] as const;
    }),
  );
  const times = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, index) => {
    const spent = profile.timeDeltas[index] ?? 0;
    const name = names.get(id) ?? "(unknown)";
    times.set(name, (times.get(name) ?? 0) + spent);
    total += spent;
  });
  return [...times]
    .map(([name, spent]) => ({ name, share: total === 0 ? 0 : spent / total }))
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function spread(summary: DelaySummary): string {
  const { count, meanMs, p50Ms, p99Ms, maxMs } = summary;
  return `mean ${ms(meanMs)}, p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, max ${ms(maxMs)} (${count})`;
}

/** One line of the table: what was measured, what was reached, what was wanted. */
export function line(what: string, reached: string, wanted?: string): string {
  return `${what.padEnd(46)} ${reached}${wanted === undefined ? "" : `   [wanted: ${wanted}]`}`;
}
