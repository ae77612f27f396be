/**
 * The first step of every route with user data: `Authorization: <any word> <token>` (two parts, the first word is not
 * checked, reference listen-and-pusher 2.1), before any body is read. 401 where it is missing or wrong; a database that is
 * away is a 503, because a client must not throw its token away for that.
 */
import { HoldfastError } from "@holdfast/contract";
import type { TokenCheck } from "@holdfast/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { TokenChecker } from "./token-checker.ts";

/** The token of an Authorization header, or undefined. */
export function tokenOf(header: string | undefined): string | undefined {
  const parts = (header ?? "").split(" ");
  return parts.length === 2 && parts[1] !== "" ? parts[1] : undefined;
}

export function requireUser(tokens: Pick<TokenChecker, "check">) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const header = request.headers.authorization;
    const token = tokenOf(header);
    if (token === undefined) {
      throw refusal(reply, header === undefined ? "Authorization header not found" : "Invalid authorization token");
    }
    const check = await tokens.check(token);
    if (check.outcome !== "valid") throw refusal(reply, REFUSALS[check.outcome]);
    request.userId = check.userId;
    request.tokenHash = check.tokenHash;
  };
}

const REFUSALS: Readonly<Record<Exclude<TokenCheck["outcome"], "valid">, string>> = {
  expired: "Token expired",
  revoked: "Token revoked",
  unknown: "Invalid authorization token",
};

function refusal(reply: FastifyReply, message: string): HoldfastError {
  void reply.header("www-authenticate", "Bearer");
  return new HoldfastError(message, { code: "unauthorized", class: "auth", scope: "account" });
}
