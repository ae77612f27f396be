/** What every route may use, and the Fastify instance the routes are added to. */
import type { Server } from "node:http";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { TokenChecker } from "../auth/token-checker.ts";
import type { GatewayDeps } from "../gateway-deps.ts";
import type { ListenGateway } from "../listen/gateway.ts";
import type { PusherLinks } from "../listen/pusher-links.ts";

export type App = FastifyInstance<
  Server,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface HttpContext extends Omit<GatewayDeps, "webRoot"> {
  readonly webRoot: string | undefined;
  readonly tokens: TokenChecker;
  readonly listen: ListenGateway;
  readonly links: PusherLinks;
  /** Aborts when the gateway begins to drain: nothing may wait for long any more. */
  readonly draining: AbortSignal;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; set by `requireUser`, empty elsewhere. */
    userId: string;
    /** Hash of the token that was sent, in hex; set by `requireUser`, empty elsewhere. */
    tokenHash: string;
  }
  interface FastifyContextConfig {
    /** Errors of this route are problem+json (our own routes) instead of Omi's `{"detail": …}`. */
    problem?: boolean;
    /** Capacity and transport failures of this route carry the code and headers of the offline upload contract. */
    sync?: boolean;
    /** Answered also while the gateway drains. */
    whileDraining?: boolean;
  }
}
