/**
 * Ends an open conversation on request. A live session of this process goes first, since it may still hold words that are
 * not stored; otherwise the store decides, and asks a session of another process to let go where there is one.
 */
import type { AdmitOutcome } from "@holdfast/store";
import { admitConversation } from "@holdfast/store";
import type { HttpContext } from "../http/context.ts";

export async function endConversation(
  { db, clock, listen, links }: Pick<HttpContext, "db" | "clock" | "listen" | "links">,
  userId: string,
  conversationId: string,
  trigger: "stop" | "finalize",
): Promise<AdmitOutcome> {
  const local = await listen.endConversation(userId, conversationId, { trigger, force: true });
  if (local !== undefined) return local;
  const outcome = await admitConversation(db, { userId, conversationId, trigger, force: true, nowMs: clock.now() });
  if (outcome.outcome === "admitted") links.admitted(conversationId);
  return outcome;
}
