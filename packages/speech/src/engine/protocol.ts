/**
 * What the speech process and its engine child say to each other over the IPC channel (structured clone, so samples travel
 * as they are). Answers to `vad` come in the order of the requests of a stream; answers to `decode` in any order.
 */

/** Given to the child in its first message. */
export interface EngineSettings {
  readonly model: "base" | "tiny";
  /** Folder for generated files. */
  readonly cacheDir: string;
}

export type ToEngine =
  | { readonly type: "start"; readonly settings: EngineSettings }
  /** Load the recogniser, which is not needed for voice activity alone. */
  | { readonly type: "warm" }
  /** Whole windows of 512 samples of one stream. */
  | { readonly type: "vad"; readonly stream: number; readonly samples: Float32Array }
  | { readonly type: "forget"; readonly stream: number }
  | { readonly type: "decode"; readonly job: number; readonly samples: Float32Array };

export type FromEngine =
  /** Started; voice activity can be asked for. */
  | { readonly type: "started" }
  | { readonly type: "loaded"; readonly rssBytes: number }
  /** One flag for each window: 1 is voice. */
  | { readonly type: "flags"; readonly stream: number; readonly flags: Uint8Array }
  | { readonly type: "text"; readonly job: number; readonly text: string; readonly rssBytes: number }
  | { readonly type: "failed"; readonly job: number; readonly message: string }
  /** The child cannot work at all and ends. */
  | { readonly type: "broken"; readonly message: string };
