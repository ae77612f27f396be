/**
 * Installs the service worker, and knows when a build is ready that is newer than this page. A worker of this very build takes
 * over at once; one of another build waits until the person says so, because taking over reloads the page.
 */
import type { Clock } from "@holdfast/core";
import type { WorkerMessage } from "./messages.ts";

const LOOK_AGAIN_MS = 3_600_000;

export interface PageUpdatesOptions {
  /** Undefined where the browser has none, or the address is not a secure one. */
  readonly workers: ServiceWorkerContainer | undefined;
  readonly clock: Clock;
  /** Path of the script the page begins with: it names all others, so that it is another one in another build. */
  readonly script: string;
  readonly reload: () => void;
}

export class PageUpdates {
  readonly #options: PageUpdatesOptions;
  readonly #listeners = new Set<() => void>();
  #waiting: ServiceWorker | null = null;
  #mustReload = false;

  constructor(options: PageUpdatesOptions) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** A newer build waits to be taken. */
  readonly isReady = (): boolean => this.#waiting !== null;

  async start(): Promise<void> {
    const { workers, clock, reload } = this.#options;
    if (workers === undefined) return;
    workers.addEventListener("controllerchange", () => {
      if (this.#mustReload) reload();
    });
    const registration = await workers.register("/sw.js", { updateViaCache: "none" });
    const look = (): void => void this.#look(registration).catch(() => {});
    const follow = (): void => registration.installing?.addEventListener("statechange", look);
    registration.addEventListener("updatefound", follow);
    // Another tab may have found it.
    follow();
    look();
    // Without a network it is asked next time.
    clock.every(LOOK_AGAIN_MS, () => void registration.update().catch(() => {}));
  }

  /** Takes the newer build and loads the page anew. */
  take(): void {
    const { reload } = this.#options;
    if (this.#waiting?.state === "installed") {
      this.#mustReload = true;
      say(this.#waiting, { type: "take over" });
    } else if (this.#waiting !== null) {
      // Another tab has taken it.
      reload();
    }
  }

  async #look({ waiting }: ServiceWorkerRegistration): Promise<void> {
    if (waiting === null || waiting === this.#waiting) return;
    if (await has(waiting, this.#options.script)) return say(waiting, { type: "take over" });
    this.#waiting = waiting;
    for (const listener of this.#listeners) listener();
  }
}

function say(worker: ServiceWorker, message: WorkerMessage, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

function has(worker: ServiceWorker, file: string): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      port1.close();
      resolve(data === true);
    };
    say(worker, { type: "has", file }, [port2]);
  });
}
