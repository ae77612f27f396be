/** An engine over a log in memory and a scripted server, with time moved by hand. */
import type { Random } from "@holdfast/core";
import { SyncEngine, type SyncEngineOptions } from "../../src/sync/engine.ts";
import type { SyncEvents } from "../../src/sync/events.ts";
import { fixedRandom, ManualClock } from "../manual-clock.ts";
import { MemorySyncLog } from "./memory-sync-log.ts";
import { accepted, completed, type Script, ScriptedServer } from "./scripted-server.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export type Heard = { readonly [N in keyof SyncEvents]: { readonly name: N } & SyncEvents[N] }[keyof SyncEvents];

/** Machine with a window whose network and visibility a test switches. */
export class Window {
  isOnline = true;
  isForeground = true;
  readonly #listeners = new Set<() => void>();

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  set(state: { readonly online?: boolean; readonly foreground?: boolean }): void {
    this.isOnline = state.online ?? this.isOnline;
    this.isForeground = state.foreground ?? this.isForeground;
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** Takes every upload and completes every job. */
export const friendly: Script = ({ method, path }) =>
  method === "POST" ? accepted("job-1") : path.includes("/v2/sync-local-files/") ? completed() : { status: 404 };

export interface Stage {
  readonly clock: ManualClock;
  readonly log: MemorySyncLog;
  readonly server: ScriptedServer;
  readonly window: Window;
  readonly engine: SyncEngine;
  readonly events: Heard[];
  named<N extends keyof SyncEvents>(name: N): (SyncEvents[N] & { readonly name: N })[];
  /** The program ends and begins anew over the same log. */
  restart(options?: Partial<SyncEngineOptions>): Promise<Stage>;
}

export function stage(script: Script = friendly, options: Partial<SyncEngineOptions> = {}, random?: Random): Stage {
  const clock = new ManualClock(80);
  return over({ clock, log: new MemorySyncLog(), server: new ScriptedServer(clock, script) }, options, random);
}

function over(
  parts: Pick<Stage, "clock" | "log" | "server">,
  options: Partial<SyncEngineOptions>,
  random: Random = fixedRandom(),
): Stage {
  const { clock, log, server } = parts;
  log.now = () => clock.now();
  const window = new Window();
  const http = { server: "http://server", token: "t", fetch: server.fetch, clock };
  const engine = new SyncEngine({ log, http, clock, random, environment: window, ...options });
  const events: Heard[] = [];
  engine.on((name, detail) => {
    if (name !== "changed") events.push({ name, ...detail } as Heard);
  });
  return {
    ...{ clock, log, server, window, engine, events },
    named: (name) => events.filter((event) => event.name === name) as never,
    restart: async (again = {}) => {
      await engine.close();
      return over(parts, { ...options, ...again }, random);
    },
  };
}
