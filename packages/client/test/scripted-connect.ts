/** Connects a ListenSocket to a LiveScript without a network: every frame arrives at once, and a test decides what fails. */
import type { LiveConnection, LiveScript } from "@holdfast/testkit/gateway";
import type { Connect, SocketHandlers } from "../src/index.ts";

export interface ScriptedLink {
  readonly connect: Connect;
  /** The client's side of the newest connection. */
  readonly handlers: () => SocketHandlers | undefined;
  readonly newest: () => LiveConnection | undefined;
  /** While true, attempts hang: neither opened nor closed. */
  hang: boolean;
  /** While true, attempts fail as a refused connection does. */
  refuse: boolean;
  /** While true, an open connection swallows everything in both directions; one that did stays dead (half open). */
  swallow: boolean;
  bufferedAmount: number;
  attempts: { first: number; token: string }[];
}

export function scriptedLink(script: LiveScript): ScriptedLink {
  let handlers: SocketHandlers | undefined;
  let newest: LiveConnection | undefined;
  const link: ScriptedLink = {
    hang: false,
    refuse: false,
    swallow: false,
    bufferedAmount: 0,
    attempts: [],
    handlers: () => handlers,
    newest: () => newest,
    connect(target, given) {
      handlers = given;
      link.attempts.push({ first: Number(target.query.first_sequence), token: target.token });
      let connection: LiveConnection | undefined;
      let isDead = false;
      const alive = (): boolean => {
        isDead ||= link.swallow;
        return !isDead;
      };
      queueMicrotask(() => {
        if (link.hang) return;
        if (link.refuse) return given.closed({ code: 1006, reason: "" });
        connection = script.connect(new URLSearchParams(target.query), {
          text: (text) => {
            if (alive()) given.message(text);
          },
          close: (code, reason) => given.closed({ code, reason }),
        });
        newest = connection;
        given.opened();
        script.greet(connection);
      });
      return {
        send: (message) => {
          if (connection !== undefined && alive()) script.hear(connection, message);
        },
        close: () => {
          if (connection !== undefined) script.gone(connection);
        },
        get bufferedAmount() {
          return link.bufferedAmount;
        },
      };
    },
  };
  return link;
}
