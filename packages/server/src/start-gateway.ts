/**
 * Puts the gateway together: token checks, live sockets, HTTP routes, one listening socket for all of them. The database
 * need not be there yet: what needs it answers 503 until it is. `drain` takes nothing new and lets what is in hand finish;
 * `close` ends everything; both may be called more than once.
 */
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createTokenChecker } from "./auth/token-checker.ts";
import type { GatewayDeps } from "./gateway-deps.ts";
import { createApp } from "./http/app.ts";
import type { HttpContext } from "./http/context.ts";
import { attachUpgrades } from "./http/upgrade.ts";
import { createListenGateway } from "./listen/gateway.ts";
import { breakerFile } from "./listen/pusher-link-breaker.ts";
import { createPusherLinks } from "./listen/pusher-links.ts";

export interface Gateway {
  readonly port: number;
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Resolves once the gateway listens. Throws where the port is taken. */
export async function startGateway(deps: GatewayDeps): Promise<Gateway> {
  const { db, config, clock, random, log } = deps;
  const tokens = createTokenChecker({ db, clock });
  const authenticate = tokens.check;
  const links = createPusherLinks({
    url: config.HOSTED_PUSHER_API_URL,
    token: config.HOLDFAST_INTERNAL_TOKEN,
    clock,
    random,
    log,
    audioTimeline: config.HOLDFAST_AUDIO_TIMELINE,
    // Gateways that share a data folder differ by their ports.
    breakerStore: breakerFile(join(config.HOLDFAST_DATA, "run", `pusher-breaker-${config.HOLDFAST_PORT}.json`)),
  });
  const listen = createListenGateway({ db, config, clock, random, log, authenticate, links });
  const draining = new AbortController();
  const context: HttpContext = { ...deps, webRoot: deps.webRoot, tokens, listen, links, draining: draining.signal };
  const app = await createApp(context);
  attachUpgrades(app.server, listen);
  await app.listen({ port: config.HOLDFAST_PORT, host: config.HOLDFAST_HOST });
  const address = app.server.address() as AddressInfo;

  let drained: Promise<void> | undefined;
  let closed: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    draining.abort();
    await listen.drain();
    await app.close();
  };
  const close = async (): Promise<void> => {
    draining.abort();
    await listen.close();
    const ended = app.close();
    app.server.closeAllConnections();
    await ended;
  };
  return {
    port: address.port,
    drain: () => (drained ??= drain()),
    close: () => (closed ??= close()),
  };
}
