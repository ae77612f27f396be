/**
 * Who wants us to end, and how much. The first SIGTERM, Ctrl-C or closed terminal asks; a later one insists. One wish can
 * arrive twice, since a terminal or a service manager signals the whole group and npm hands its own copy on: what comes
 * within a moment of the first is its echo and insists on nothing. Without any terminal a hang-up is not meant for us: that
 * is `nohup npm start &`, and Node does not pass on that the signal is to be ignored.
 */
import type { Clock } from "@holdfast/core";

const ECHO_MS = 500;

type EndingSignal = "SIGTERM" | "SIGINT" | "SIGHUP";

export interface EndingSignalsOptions {
  /** Where signals come from: `process`. */
  readonly source: { on(name: EndingSignal, call: () => void): unknown };
  readonly hasTerminal: boolean;
  readonly clock: Clock;
  asked(name: EndingSignal): void;
  insisted(): void;
}

export function followEndingSignals({ source, hasTerminal, clock, asked, insisted }: EndingSignalsOptions): void {
  let state: "running" | "echo" | "asked" = "running";
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    source.on(name, () => {
      if (name === "SIGHUP" && !hasTerminal) return;
      if (state === "asked") insisted();
      if (state !== "running") return;
      state = "echo";
      clock.after(ECHO_MS, () => {
        state = "asked";
      });
      asked(name);
    });
  }
}
