/** Addresses of the live routes (reference listen-and-pusher 2.1 to 2.3). */

export interface ListenTarget {
  /** Base URL of the server, `http:` or `https:`. */
  readonly server: string;
  readonly token: string;
  readonly query: Readonly<Record<string, string>>;
}

/** `/v4/listen` takes the token in a header, `/v4/web/listen` in its first message, for browsers, which cannot set headers. */
export function listenUrl(
  target: Pick<ListenTarget, "server" | "query">,
  route: "/v4/listen" | "/v4/web/listen",
): string {
  const base = target.server.replace(/\/+$/, "").replace(/^http/, "ws");
  return `${base}${route}?${new URLSearchParams(target.query).toString()}`;
}
