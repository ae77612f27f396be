/** What a page says to the service worker. */
export type WorkerMessage =
  /** Is this file one of your build? The answer, true or false, comes on the port that is sent along. */
  | { readonly type: "has"; readonly file: string }
  /** Take over from the build before. */
  | { readonly type: "take over" };
