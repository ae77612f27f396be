/**
 * The sign-in token of this browser. It arrives in the fragment of the link that the server prints (`/#token=…`: a fragment
 * is never sent to a server nor written to its log), is kept in local storage and taken out of the address bar at once, so
 * that it does not travel with a copied address or the history.
 */

const STORAGE_KEY = "holdfast.token";
/** Account of the token: what is recorded belongs to it, also where the server cannot be asked. */
const ACCOUNT_KEY = "holdfast.account";

export interface TokenPlace {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly location: Pick<Location, "hash" | "pathname" | "search">;
  readonly history: Pick<History, "replaceState">;
}

/** The token of the address bar if there is one, else the stored one. */
export function takeToken(place: TokenPlace): string | null {
  const fromLink = tokenOf(place.location.hash);
  if (fromLink === null) return place.storage.getItem(STORAGE_KEY);
  place.history.replaceState(null, "", place.location.pathname + place.location.search);
  keepToken(place.storage, fromLink);
  return fromLink;
}

export function keepToken(storage: TokenPlace["storage"], token: string): void {
  // Another token may be another account.
  if (storage.getItem(STORAGE_KEY) !== token) storage.removeItem(ACCOUNT_KEY);
  storage.setItem(STORAGE_KEY, token);
}

export function forgetToken(storage: TokenPlace["storage"]): void {
  storage.removeItem(STORAGE_KEY);
  storage.removeItem(ACCOUNT_KEY);
}

export function rememberedAccount(storage: TokenPlace["storage"]): string | null {
  return storage.getItem(ACCOUNT_KEY);
}

export function rememberAccount(storage: TokenPlace["storage"], account: string): void {
  storage.setItem(ACCOUNT_KEY, account);
}

/** Reads a token from a fragment, a whole sign-in link, or the token itself; null where there is none. */
export function tokenOf(text: string): string | null {
  const trimmed = text.trim();
  const fragment = /#(.*)$/.exec(trimmed)?.[1];
  const token = fragment === undefined ? trimmed : new URLSearchParams(fragment).get("token");
  return token === null || !/^\S+$/.test(token) ? null : token;
}
