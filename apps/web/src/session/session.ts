/**
 * Whether this browser is signed in, and if not, why. One object for the whole page; components read it by
 * `useSyncExternalStore`, requests report a refused token to it.
 */
import { forgetToken, keepToken, type TokenPlace, takeToken } from "./token.ts";

export type SessionState =
  | { readonly signedIn: true; readonly token: string }
  | { readonly signedIn: false; readonly because: "no_token" | "token_refused" | "signed_out" };

export class Session {
  readonly #place: TokenPlace;
  readonly #listeners = new Set<() => void>();
  #state: SessionState;

  constructor(place: TokenPlace) {
    this.#place = place;
    this.#state = stateOf(takeToken(place));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): SessionState => this.#state;

  /** The token for a request; empty when signed out. */
  token(): string {
    return this.#state.signedIn ? this.#state.token : "";
  }

  signIn(token: string): void {
    keepToken(this.#place.storage, token);
    this.#set({ signedIn: true, token });
  }

  signOut(): void {
    forgetToken(this.#place.storage);
    this.#set({ signedIn: false, because: "signed_out" });
  }

  /** The server answered 401 to `token`. A late answer to an earlier token changes nothing. */
  refuse(token: string): void {
    if (!this.#state.signedIn || this.#state.token !== token) return;
    forgetToken(this.#place.storage);
    this.#set({ signedIn: false, because: "token_refused" });
  }

  /** A link that is opened in a page that is already loaded changes only the fragment. */
  readLink(): void {
    const token = takeToken(this.#place);
    if (token !== null && token !== this.token()) this.#set({ signedIn: true, token });
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function stateOf(token: string | null): SessionState {
  return token === null || token === "" ? { signedIn: false, because: "no_token" } : { signedIn: true, token };
}
