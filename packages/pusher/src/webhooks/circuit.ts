/**
 * Receivers that do not answer are not asked again and again: after five failures in a row a receiver is left alone for a minute,
 * then one message tries it. Kept per user and type, in this process only: what matters is stored elsewhere. A refusal of one
 * message (4xx) says nothing against the receiver.
 *
 * | state     | allow       | success | failure            |
 * |-----------|-------------|---------|--------------------|
 * | closed    | yes         | closed  | closed, 5th: open  |
 * | open      | not before `untilMs`, then one: half open           |
 * | half open | no          | closed  | open               |
 */
import type { Clock } from "@holdfast/core";

const CIRCUIT = { failures: 5, openMs: 60_000, maxKeys: 10_000 } as const;

interface Circuit {
  failures: number;
  /** Open until then; undefined while closed. */
  untilMs: number | undefined;
  probing: boolean;
}

export interface Circuits {
  /** 0 where a message may be sent now, otherwise how long to wait. A probe that was allowed must report its outcome. */
  waitMs(key: string): number;
  succeeded(key: string): void;
  failed(key: string): void;
  /** Nothing was learned: the try was given up by us. */
  released(key: string): void;
}

export function createCircuits(clock: Pick<Clock, "now">): Circuits {
  const circuits = new Map<string, Circuit>();
  const of = (key: string): Circuit => {
    const known = circuits.get(key);
    if (known !== undefined) return known;
    const oldest = circuits.size >= CIRCUIT.maxKeys ? circuits.keys().next().value : undefined;
    if (oldest !== undefined) circuits.delete(oldest);
    const made = { failures: 0, untilMs: undefined, probing: false };
    circuits.set(key, made);
    return made;
  };
  return {
    waitMs(key) {
      const circuit = circuits.get(key);
      if (circuit?.untilMs === undefined) return 0;
      const leftMs = circuit.untilMs - clock.now();
      if (leftMs > 0) return leftMs;
      if (circuit.probing) return CIRCUIT.openMs;
      circuit.probing = true;
      return 0;
    },
    succeeded: (key) => void circuits.delete(key),
    failed(key) {
      const circuit = of(key);
      circuit.failures += 1;
      if (circuit.probing || circuit.failures >= CIRCUIT.failures) circuit.untilMs = clock.now() + CIRCUIT.openMs;
      circuit.probing = false;
    },
    released(key) {
      const circuit = circuits.get(key);
      if (circuit !== undefined) circuit.probing = false;
    },
  };
}
