/**
 * What the sync engine knows of this page: whether there is a network, and whether somebody looks. A server on this very machine is
 * reached without any network, and a browser that says "offline" knows nothing of it; so it is asked, now and then, while the
 * browser says so and somebody looks.
 */
import { browserEnvironment, type SyncEnvironment } from "@holdfast/client";
import type { Clock } from "@holdfast/core";

export interface PageEnvironmentDeps {
  readonly page: Parameters<typeof browserEnvironment>[0];
  readonly hostname: string;
  readonly clock: Clock;
  /** Whether the server answers, whatever it says. */
  reaches(): Promise<boolean>;
}

const LOOK_EVERY_MS = 15_000;

export function pageEnvironment({ page, hostname, clock, reaches }: PageEnvironmentDeps): SyncEnvironment {
  const browser = browserEnvironment(page);
  if (!isThisMachine(hostname)) return browser;
  let isReached = false;
  return {
    get isOnline() {
      return browser.isOnline || isReached;
    },
    get isForeground() {
      return browser.isForeground;
    },
    subscribe(changed) {
      const look = async (): Promise<void> => {
        if (browser.isOnline || !browser.isForeground) return;
        const before = isReached;
        isReached = await reaches();
        if (isReached !== before) changed();
      };
      const leave = browser.subscribe(() => {
        // Until it has answered, the browser is believed.
        isReached = false;
        changed();
        void look();
      });
      const timer = clock.every(LOOK_EVERY_MS, () => void look());
      void look();
      return () => {
        timer.cancel();
        leave();
      };
    },
  };
}

export function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\./.test(hostname);
}
