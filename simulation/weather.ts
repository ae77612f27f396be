/**
 * What goes wrong in one world, drawn from its seed. Each world has its own climate: some faults never happen in it, others
 * often, so that rare combinations come up somewhere. Storms last until `calm`; then everything that was broken is mended,
 * and what must come true can come true.
 */
import type { DiskFate, SeededRandom, StatementFate } from "@holdfast/testkit/simulator";
import type { ReceiverMood } from "./receiver.ts";

/** Events per minute of world time, for each kind of fault. */
export interface Climate {
  readonly stormMs: number;
  readonly gateways: number;
  readonly pushers: number;
  readonly workers: number;
  readonly perMinute: Readonly<Record<FaultKind, number>>;
  /** Chance of each fate for a statement. */
  readonly statements: Readonly<Record<Exclude<StatementFate, "fine">, number>>;
  readonly network: { readonly fromMs: number; readonly toMs: number };
  readonly databaseMs: number;
  /** Share of the recorders that speak to us without the client library. */
  readonly plain: number;
  /** Share of the recorders that record calls. */
  readonly calls: number;
  /** Share of those without the client library that bring their own words. */
  readonly ownWords: number;
  /** How whoever wants to be told of conversations takes it; nobody wants to be where it says so. */
  readonly receiver: "none" | ReceiverMood;
  readonly llm: "none" | "fine" | "slow" | "transport" | "content" | "mixed";
  /** How often the batch engine is busy, or says that sound cannot be read. */
  readonly batchBusy: number;
  readonly batchContent: number;
  /** How long a killed process stays away. */
  readonly restartMs: number;
  /** Telephones that bring what they recorded offline. */
  readonly phones: number;
  /** Share of the telephones that send their files in resumable uploads. */
  readonly resuming: number;
  /** Share of the others that drop WAV files. */
  readonly dropping: number;
  /** Share of the rest that bring their files with our client library. */
  readonly library: number;
  /** Most uploads that may wait; 0 sets no limit. */
  readonly mostUploads: number;
  /** Chance of each fate for a call of the disk that needs room. */
  readonly disk: Readonly<Record<Exclude<DiskFate, "fine">, number>>;
}

export type FaultKind =
  | "kill_gateway"
  | "kill_pusher"
  | "kill_worker"
  | "kill_speech"
  | "stop_gateway"
  | "stop_pusher"
  | "stop_worker"
  | "stop_speech"
  | "stop_device"
  | "cut"
  | "freeze"
  | "slow"
  | "flap_pusher"
  | "roam"
  | "partition"
  | "database_away"
  | "lose_device";

export const FAULT_KINDS: readonly FaultKind[] = [
  "kill_gateway",
  "kill_pusher",
  "kill_worker",
  "kill_speech",
  "stop_gateway",
  "stop_pusher",
  "stop_worker",
  "stop_speech",
  "stop_device",
  "cut",
  "freeze",
  "slow",
  "flap_pusher",
  "roam",
  "partition",
  "database_away",
  "lose_device",
];

export function climateOf(random: SeededRandom): Climate {
  const rate = (share: number, perMinute: number): number =>
    random.chance(share) ? random.between(0.1, 1) * perMinute : 0;
  const chance = (share: number, most: number): number => (random.chance(share) ? random.skewed(0.001, most) : 0);
  const phones = random.pick([0, 0, 0, 1, 1, 2]);
  return {
    // Where telephones add their part, people speak for a shorter time.
    stormMs: random.between(12_000, 30_000) * (phones > 0 ? 0.8 : 1),
    gateways: random.int(1, 2),
    pushers: random.chance(0.3) ? 2 : 1,
    workers: random.chance(0.3) ? 2 : 1,
    perMinute: {
      kill_gateway: rate(0.4, 12),
      kill_pusher: rate(0.4, 12),
      kill_worker: rate(0.4, 12),
      kill_speech: rate(0.4, 12),
      stop_gateway: rate(0.25, 6),
      stop_pusher: rate(0.25, 6),
      stop_worker: rate(0.25, 6),
      stop_speech: rate(0.25, 6),
      stop_device: rate(0.2, 6),
      cut: rate(0.5, 20),
      freeze: rate(0.3, 6),
      slow: rate(0.25, 10),
      flap_pusher: rate(0.2, 6),
      roam: rate(0.4, 12),
      partition: rate(0.3, 6),
      database_away: rate(0.3, 6),
      lose_device: rate(0.15, 3),
    },
    statements: {
      lost: chance(0.3, 0.05),
      in_doubt: chance(0.4, 0.05),
      killed_before: chance(0.2, 0.02),
      killed_after: chance(0.4, 0.04),
      stopped_after: chance(0.2, 0.01),
    },
    network: { fromMs: 0.2, toMs: random.skewed(2, 400) },
    databaseMs: random.skewed(1, 60),
    plain: random.chance(0.5) ? 0 : random.pick([0.5, 1]),
    receiver: random.chance(0.4) ? "none" : random.pick(["fine", "fine", "slow", "away", "broken", "mixed"]),
    llm: random.chance(0.75) ? "none" : random.pick(["fine", "slow", "transport", "content", "mixed"]),
    batchBusy: random.chance(0.2) ? random.between(0.1, 0.6) : 0,
    batchContent: random.chance(0.1) ? random.between(0.1, 0.5) : 0,
    restartMs: random.skewed(200, 8_000),
    phones,
    mostUploads: random.chance(0.1) ? random.int(1, 3) : 0,
    disk: {
      full: chance(0.25, 0.1),
      short: chance(0.3, 0.3),
      killed_before: chance(0.2, 0.03),
      killed_after: chance(0.3, 0.05),
    },
    calls: random.chance(0.75) ? 0 : random.pick([0.5, 1]),
    ownWords: random.chance(0.6) ? 0 : random.pick([0.5, 1]),
    resuming: random.chance(0.75) ? 0 : random.pick([0.5, 1]),
    dropping: random.chance(0.7) ? 0 : random.pick([0.5, 1]),
    library: random.fork("library").pick([0, 0.5, 1]),
  };
}

/** The fate of one statement. */
export function fateOf(random: SeededRandom, { statements }: Climate): StatementFate {
  return drawn(random, ["lost", "in_doubt", "killed_before", "killed_after", "stopped_after"], statements);
}

/** The fate of one call of the disk. */
export function diskFateOf(random: SeededRandom, { disk }: Climate): DiskFate {
  return drawn(random, ["full", "short", "killed_before", "killed_after"], disk);
}

function drawn<Fate extends string>(
  random: SeededRandom,
  fates: readonly Fate[],
  chances: Readonly<Record<Fate, number>>,
): Fate | "fine" {
  let draw = random.next();
  for (const fate of fates) {
    draw -= chances[fate];
    if (draw < 0) return fate;
  }
  return "fine";
}
