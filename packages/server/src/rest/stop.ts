/**
 * `POST /v1/conversations`, the app's stop button: ends the user's open conversation and waits, for as long as a person
 * would, until it is finished. Whoever loses the race to end it gets the same answer. The wait costs one small query at a
 * time and ends with the client, with the gateway's drain or after `STOP_WAIT_MS`; the work goes on without it.
 */
import { Conversation, HoldfastError } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { findConversation, findOpenConversation, loadConversation } from "@holdfast/store";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { endConversation } from "./end-conversation.ts";

const STOP_WAIT_MS = 25_000;
const POLL_MS = 200;

/** Body of stop and finalize; calendar context is accepted and not used. */
export const EndBody = z.looseObject({ calendar_meeting_context: z.unknown().optional() }).nullish();
export const EndedConversation = z.object({ conversation: Conversation, messages: z.array(z.never()) });

export function registerStop(app: App, context: HttpContext): void {
  const { db } = context;
  app.post(
    "/v1/conversations",
    {
      schema: {
        tags: ["conversations"],
        summary: "Stop: end the open conversation and wait for the result",
        body: EndBody,
        response: { 200: EndedConversation },
      },
    },
    async (request, reply) => {
      const { userId } = request;
      const open = await findOpenConversation(db, userId);
      if (open === undefined) throw nothingOpen();
      const ended = await endConversation(context, userId, open.id, "stop");
      if (ended.outcome === "deleted" || ended.outcome === "missing") throw nothingOpen();
      await waitUntilFinal(context, userId, open.id, reply);
      const conversation = await loadConversation(db, userId, open.id);
      if (conversation === undefined) throw nothingOpen();
      return { conversation, messages: [] };
    },
  );
}

function nothingOpen(): HoldfastError {
  return new HoldfastError("Conversation in progress not found", {
    code: "conversation_not_found",
    class: "permanent_input",
  });
}

async function waitUntilFinal(context: HttpContext, userId: string, id: string, reply: FastifyReply): Promise<void> {
  const { db, clock, draining } = context;
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, draining]);
  const until = clock.now() + STOP_WAIT_MS;
  while (!signal.aborted && clock.now() < until) {
    const row = await findConversation(db, userId, id);
    if (row === undefined || row.status === "completed" || row.status === "failed") return;
    await sleep(clock, POLL_MS, signal);
  }
}
