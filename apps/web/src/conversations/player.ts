/**
 * Plays the joined sound of one conversation. The sound is asked for when somebody wants to hear it, not before, since the server
 * has to prepare it; a link that has ended is asked for once more, and playing goes on where it was. The states:
 *
 * - `idle`: nothing was asked for yet.
 * - `preparing`: somebody wants to hear it, and its link is not there yet.
 * - `playing`, `paused`: as the browser says.
 * - `failed`: it could not be had; the next `play` tries anew.
 */
export interface PlayState {
  readonly phase: "idle" | "preparing" | "playing" | "paused" | "failed";
  /** Seconds into the sound. */
  readonly position: number;
  readonly rate: number;
  /** How often somebody played it or jumped in it. */
  readonly starts: number;
}

type Sound = Pick<
  HTMLAudioElement,
  | ("src" | "currentTime" | "playbackRate" | "defaultPlaybackRate" | "preload")
  | ("play" | "pause" | "load" | "addEventListener" | "removeAttribute")
>;

export class Player {
  readonly #sound: Sound;
  readonly #needLink: () => void;
  readonly #listeners = new Set<() => void>();
  #state: PlayState = { phase: "idle", position: 0, rate: 1, starts: 0 };
  #hasSource = false;
  /** The link in use has played something: if it fails now, it has probably ended. */
  #hasPlayed = false;

  /** `needLink` is told that a fresh link is wanted, which is answered by `use` or `fail`. */
  constructor(sound: Sound, needLink: () => void) {
    this.#sound = sound;
    this.#needLink = needLink;
    sound.preload = "auto";
    sound.addEventListener("playing", () => {
      this.#hasPlayed = true;
      this.#set({ phase: "playing" });
    });
    sound.addEventListener("pause", () => this.#state.phase === "playing" && this.#set({ phase: "paused" }));
    for (const name of ["timeupdate", "seeking"] as const) {
      sound.addEventListener(name, () => this.#hasSource && this.#set({ position: sound.currentTime }));
    }
    sound.addEventListener("error", () => this.#hasSource && this.#lost());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): PlayState => this.#state;

  readonly play = (): void => {
    this.#set({ starts: this.#state.starts + 1 });
    if (this.#hasSource) return void this.#start();
    if (this.#state.phase === "preparing") return;
    this.#set({ phase: "preparing" });
    this.#needLink();
  };

  readonly pause = (): void => {
    this.#sound.pause();
    // Also where it was going to play as soon as it could.
    if (this.#state.phase === "preparing") this.#set({ phase: this.#hasSource ? "paused" : "idle" });
  };

  readonly seek = (position: number): void => {
    if (this.#hasSource) this.#sound.currentTime = position;
    this.#set({ position, starts: this.#state.starts + 1 });
  };

  readonly playFrom = (position: number): void => {
    this.seek(position);
    this.play();
  };

  readonly setRate = (rate: number): void => {
    this.#sound.defaultPlaybackRate = rate;
    this.#sound.playbackRate = rate;
    this.#set({ rate });
  };

  /** Takes the link that was asked for, and plays if that is still wanted. */
  use(link: string): void {
    if (this.#state.phase !== "preparing" || this.#hasSource) return;
    const { position } = this.#state;
    this.#hasSource = true;
    this.#hasPlayed = false;
    this.#sound.src = link;
    this.#sound.currentTime = position;
    void this.#start();
  }

  fail(): void {
    if (this.#state.phase === "preparing") this.#set({ phase: "failed" });
  }

  /** Silent from here on; `play` begins anew. */
  close(): void {
    this.#sound.pause();
    this.#forget();
    this.#set({ phase: "idle" });
  }

  async #start(): Promise<void> {
    this.#set({ phase: "preparing" });
    try {
      await this.#sound.play();
    } catch {
      // A pause came between, or the browser wants another press; what is wrong with the sound itself is an event.
      if (this.#hasSource && this.#state.phase === "preparing") this.#set({ phase: "paused" });
    }
  }

  #lost(): void {
    const isEnded = this.#hasPlayed;
    const isWanted = this.#state.phase === "playing" || this.#state.phase === "preparing";
    this.#forget();
    if (!isEnded) this.#set({ phase: "failed" });
    else if (!isWanted) this.#set({ phase: "idle" });
    else {
      this.#set({ phase: "preparing" });
      this.#needLink();
    }
  }

  #forget(): void {
    if (!this.#hasSource) return;
    this.#hasSource = false;
    this.#sound.removeAttribute("src");
    this.#sound.load();
  }

  #set(change: Partial<PlayState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The server may know itself by another address than this page, which may ask only the one it came from. */
export function ofThisServer(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}
