/**
 * The recordings of the signed-in account in this browser. One page at a time has them open: the others wait for its lock, say
 * so, and take over when it closes, however it closes. Signing out, or in as somebody else, closes them; what was captured
 * stays in the log.
 *
 *   signed_out ──token──▶ opening ──lock, log──▶ open
 *                            ├── the lock is another page's ──▶ elsewhere ──it closed──▶ open
 *                            └── no storage ──▶ unavailable
 */
import type { HoldfastClient } from "@holdfast/client";
import { HoldfastError, isHoldfastError } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";

export type DeviceState =
  | { readonly name: "signed_out" }
  | { readonly name: "opening" }
  | { readonly name: "open"; readonly client: HoldfastClient; readonly account: string }
  /** Another page of this browser has them. */
  | { readonly name: "elsewhere" }
  /** The browser gives no place to keep recordings. */
  | { readonly name: "unavailable"; readonly code: string };

/** The part of `navigator.locks` that is needed. */
export interface PageLocks {
  request(name: string, options: { readonly signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

export interface DeviceDeps {
  /** Undefined where the browser has none, which is on pages that are not secure. */
  readonly locks: PageLocks | undefined;
  readonly clock: Clock;
  /** Account of the token; waits for the server as long as it takes. */
  account(signal: AbortSignal): Promise<string>;
  /** Opened, not started. */
  open(account: string): Promise<HoldfastClient>;
  /** The last moment at which what runs on the client can end well. */
  beforeClose(): Promise<void>;
}

const LOCK = "holdfast.recordings";
/** A page that is reloaded meets itself for a moment; only a lock that stays taken is another page's. */
const ELSEWHERE_AFTER_MS = 1_500;

export class Device {
  readonly #deps: DeviceDeps;
  readonly #listeners = new Set<() => void>();
  #state: DeviceState = { name: "signed_out" };
  #token: string | null = null;
  #end = new AbortController();
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: DeviceDeps) {
    this.#deps = deps;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): DeviceState => this.#state;

  /** This token is signed in now; null for none. */
  use(token: string | null): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#end.abort();
    const end = new AbortController();
    this.#end = end;
    // From this moment nobody gets the recordings of who was signed in before.
    this.#set({ name: "opening" });
    this.#turn = this.#turn.then(async () => {
      if (end.signal.aborted) return;
      if (token === null) this.#set({ name: "signed_out" });
      else await this.#run(end.signal);
    });
  }

  /**
   * The client, once it is open. Throws HoldfastError `log_in_use` where another page has it, `signed_out`, or the code of what
   * keeps it from opening.
   */
  async client(): Promise<HoldfastClient> {
    await this.#opened();
    const state = this.#state;
    switch (state.name) {
      case "open":
        return state.client;
      case "elsewhere":
        throw refusal("log_in_use");
      case "unavailable":
        throw refusal(state.code);
      case "opening":
      case "signed_out":
        throw refusal("signed_out");
      default:
        return state satisfies never;
    }
  }

  #opened(): Promise<void> {
    if (this.#state.name !== "opening") return Promise.resolve();
    return new Promise((resolve) => {
      const leave = this.subscribe(() => {
        if (this.#state.name === "opening") return;
        leave();
        resolve();
      });
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { locks, clock, account: ask } = this.#deps;
    this.#set({ name: "opening" });
    try {
      if (locks === undefined) throw refusal("insecure_page");
      const account = await ask(signal);
      const timer = clock.after(ELSEWHERE_AFTER_MS, () => this.#set({ name: "elsewhere" }));
      try {
        await locks.request(LOCK, { signal }, async () => {
          timer.cancel();
          await this.#hold(account, signal);
        });
      } finally {
        timer.cancel();
      }
    } catch (error) {
      if (!signal.aborted) this.#set({ name: "unavailable", code: isHoldfastError(error) ? error.code : "unexpected" });
    }
  }

  async #hold(account: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#set({ name: "opening" });
    const client = await this.#deps.open(account);
    try {
      client.start();
      this.#set({ name: "open", client, account });
      await aborted(signal);
      await this.#deps.beforeClose();
    } finally {
      this.#set({ name: "opening" });
      await client.close();
    }
  }

  #set(state: DeviceState): void {
    if (state.name === this.#state.name && state.name !== "unavailable") return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function refusal(code: string): HoldfastError {
  return new HoldfastError(`the recordings of this browser are not open (${code})`, {
    ...{ code, class: "capacity", scope: "service" },
  });
}
