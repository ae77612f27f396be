/**
 * What the engine knows of the machine it runs on: whether there is a network and whether somebody looks. A browser tells both
 * and says when they change; Node is always in the foreground and finds out about the network by trying.
 */
export interface SyncEnvironment {
  /** False only where it is known for sure that no request can succeed. */
  readonly isOnline: boolean;
  /** Timers run only while this holds; a program without a window always looks. */
  readonly isForeground: boolean;
  /** Calls whenever one of them changed; returns the way out. */
  subscribe(changed: () => void): () => void;
}

export const ALWAYS_THERE: SyncEnvironment = { isOnline: true, isForeground: true, subscribe: () => () => {} };

/** The parts of `window` and `document` that say it. */
export interface PageLike {
  readonly navigator: { readonly onLine: boolean };
  readonly document: {
    readonly visibilityState: string;
    addEventListener(type: "visibilitychange", listener: () => void): void;
    removeEventListener(type: "visibilitychange", listener: () => void): void;
  };
  addEventListener(type: "online" | "offline", listener: () => void): void;
  removeEventListener(type: "online" | "offline", listener: () => void): void;
}

export function browserEnvironment(page: PageLike): SyncEnvironment {
  return {
    get isOnline() {
      return page.navigator.onLine;
    },
    get isForeground() {
      return page.document.visibilityState !== "hidden";
    },
    subscribe(changed) {
      page.addEventListener("online", changed);
      page.addEventListener("offline", changed);
      page.document.addEventListener("visibilitychange", changed);
      return () => {
        page.removeEventListener("online", changed);
        page.removeEventListener("offline", changed);
        page.document.removeEventListener("visibilitychange", changed);
      };
    },
  };
}
