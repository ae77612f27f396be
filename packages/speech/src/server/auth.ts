/**
 * Who may use the speech process: holders of the internal token, in either of the two forms that the wire shapes know. With
 * no token set everybody on this machine may, and nobody from elsewhere.
 */
import type { IncomingMessage } from "node:http";
import { isSameSecret } from "@holdfast/runtime";

export function isAllowed(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return isLoopback(request.socket.remoteAddress);
  const given = /^(?:Bearer|Token) (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  return given !== undefined && isSameSecret(given, token);
}

function isLoopback(address: string | undefined): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address ?? "");
}
