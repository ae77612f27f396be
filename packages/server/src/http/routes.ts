/** Every route that needs a user, in one scope whose first act is to find out who asks. */
import type { FastifyPluginAsync } from "fastify";
import { requireUser } from "../auth/require-user.ts";
import { registerDerived } from "../rest/derived.ts";
import { registerConversationEdits } from "../rest/edit-conversation.ts";
import { registerFinalization } from "../rest/finalization.ts";
import { registerMe } from "../rest/me.ts";
import { registerConversationReads } from "../rest/read-conversations.ts";
import { registerSearch } from "../rest/search.ts";
import { registerStop } from "../rest/stop.ts";
import { registerUploads } from "../uploads/routes.ts";
import type { App, HttpContext } from "./context.ts";

export async function registerApi(app: App, context: HttpContext): Promise<void> {
  const routes: FastifyPluginAsync = async (scope) => {
    const api = scope as unknown as App;
    api.addHook("onRequest", requireUser(context.tokens));
    registerMe(api);
    registerConversationReads(api, context);
    registerConversationEdits(api, context);
    registerFinalization(api, context);
    registerStop(api, context);
    registerSearch(api, context);
    registerDerived(api, context);
    await registerUploads(api, context);
  };
  await app.register(routes);
}
