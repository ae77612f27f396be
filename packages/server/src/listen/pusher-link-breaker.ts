/**
 * The circuit of this process and the file that keeps it over a restart. The file is a hint: it is written by rename, so that
 * no reader sees half of it, but not synced; one that cannot be read is a closed circuit, one that cannot be written is said
 * in the log and changes nothing else.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "@holdfast/contract";
import {
  type BreakerEvent,
  type BreakerPermit,
  type BreakerState,
  type Clock,
  type Log,
  restoreBreaker,
  snapshotBreaker,
  stepBreaker,
} from "@holdfast/core";

/** Where the circuit is kept; throws where it cannot be. */
export interface BreakerStore {
  load(): unknown;
  save(snapshot: object): void;
}

export interface Breaker {
  readonly state: BreakerState;
  /** Whether to connect now. Every permit is followed by one `report`. */
  ask(): BreakerPermit | "refuse";
  report(permit: BreakerPermit, outcome: "success" | "failure" | "cancel"): void;
}

export function openBreaker(clock: Clock, log: Log, store?: BreakerStore): Breaker {
  let state = restore(clock, store);
  if (state.name !== "closed") log.warn({ event: "pusher_breaker_restored", state: state.name }, SAID[state.name]);

  const step = (event: BreakerEvent): BreakerPermit | "refuse" | undefined => {
    const before = state.name;
    const next = stepBreaker(state, event, clock.now());
    state = next.state;
    if (state.name !== before) {
      const line = { event: `pusher_breaker_${state.name === "open" ? "opened" : state.name}`, before };
      if (state.name === "open") log.error(line, SAID.open);
      else log.info(line, SAID[state.name]);
      keep();
    }
    return next.answer;
  };
  const keep = (): void => {
    try {
      store?.save(snapshotBreaker(state));
    } catch (error) {
      log.warn({ event: "pusher_breaker_not_kept", error: messageOf(error) }, "the circuit's state could not be kept");
    }
  };
  return {
    get state() {
      return state;
    },
    ask: () => step({ type: "ask" }) ?? "refuse",
    report: (permit, type) => void step({ type, permit }),
  };
}

const SAID = {
  open: "the pusher fails for many sessions: nobody connects to it for a while",
  half_open: "one session tries the pusher again",
  closed: "the pusher takes connections",
} as const;

function restore(clock: Clock, store: BreakerStore | undefined): BreakerState {
  try {
    return restoreBreaker(store?.load(), clock.now());
  } catch {
    // Most often there is no file, because the circuit never opened.
    return restoreBreaker(undefined, clock.now());
  }
}

/** `path` belongs to one process; its folder is made when it is first needed. */
export function breakerFile(path: string): BreakerStore {
  return {
    load: () => JSON.parse(readFileSync(path, "utf8")),
    save(snapshot) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, JSON.stringify(snapshot));
      renameSync(`${path}.new`, path);
    },
  };
}
