/**
 * How syncing stands, for components: a snapshot that is made anew when the engine or the log says that something changed, but
 * not for each of fifty frames a second, and less often the longer a look at all recordings takes.
 */
import type { HoldfastClient, SyncStatus } from "@holdfast/client";
import type { Clock, Timer } from "@holdfast/core";
import type { Device } from "../device/device.ts";

export interface SyncView {
  readonly client: HoldfastClient;
  readonly status: SyncStatus;
  /** Grows with every change; what is derived from the recordings is derived anew. */
  readonly version: number;
  /** Why the last request about recordings failed; null after one that did not. */
  readonly problem: string | null;
}

const LEAST_MS = 150;
/** A look may take this share of the time. */
const SHARE = 0.05;

export class SyncWatch {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #view: SyncView | null = null;
  #leave: () => void = () => {};
  #timer: Timer | undefined;
  #waitMs = LEAST_MS;
  #problem: string | null = null;

  constructor(device: Pick<Device, "snapshot" | "subscribe">, clock: Clock) {
    this.#clock = clock;
    device.subscribe(() => {
      const state = device.snapshot();
      this.#follow(state.name === "open" ? state.client : null);
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Null while the recordings are not open in this page. */
  readonly snapshot = (): SyncView | null => this.#view;

  /** A setting changed that nobody tells of. */
  refresh(): void {
    if (this.#view !== null) this.#soon(this.#view.client);
  }

  #follow(client: HoldfastClient | null): void {
    this.#leave();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#problem = null;
    this.#leave = () => {};
    if (client === null) {
      this.#show(null);
      return;
    }
    const leaveSync = client.sync.on((name, detail) => {
      if (name === "local_upload_batch") this.#problem = problemOf(detail);
      this.#soon(client);
    });
    const leaveLog = client.log.on(() => this.#soon(client));
    this.#leave = () => {
      leaveSync();
      leaveLog();
    };
    this.#look(client);
  }

  #soon(client: HoldfastClient): void {
    this.#timer ??= this.#clock.after(this.#waitMs, () => {
      this.#timer = undefined;
      this.#look(client);
    });
  }

  #look(client: HoldfastClient): void {
    const began = this.#clock.now();
    const { status } = client.sync;
    this.#show({ client, status, version: (this.#view?.version ?? 0) + 1, problem: this.#problem });
    this.#waitMs = Math.max(LEAST_MS, (this.#clock.now() - began) / SHARE);
  }

  #show(view: SyncView | null): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}

function problemOf(detail: object): string | null {
  const { outcome, reason } = detail as { readonly outcome: string; readonly reason: string | null };
  return outcome === "unavailable" || outcome === "unknown" ? reason : null;
}
