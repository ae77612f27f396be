/**
 * Every route that needs a user, in one scope whose first act is to find out who asks; and those beside it whose links carry
 * their own proof.
 */
import type { FastifyPluginAsync } from "fastify";
import { registerAccountDeletion } from "../account/delete-account.ts";
import { registerServerFacts } from "../account/server-facts.ts";
import { registerTokens } from "../account/tokens.ts";
import { requireUser } from "../auth/require-user.ts";
import { archiveSender, registerArchive, registerConversationExport, registerSignedArchive } from "../export/routes.ts";
import { registerFairUseAdmin } from "../fair-use/admin.ts";
import { registerFairUse, registerFairUseCases } from "../fair-use/routes.ts";
import { registerActionItems } from "../rest/action-items.ts";
import { registerActionItemsOfConversation } from "../rest/action-items-of-conversation.ts";
import { registerAssignments } from "../rest/assign-segments.ts";
import { registerCorrections } from "../rest/correct-conversation.ts";
import { registerConversationEdits } from "../rest/edit-conversation.ts";
import { registerFinalization } from "../rest/finalization.ts";
import { registerMe } from "../rest/me.ts";
import { registerMemories } from "../rest/memories.ts";
import { registerPeople } from "../rest/people.ts";
import { registerSignedSamples } from "../rest/people-samples.ts";
import { registerPhotos } from "../rest/photos.ts";
import { registerPlayback, registerSignedPlayback } from "../rest/playback.ts";
import { registerConversationReads } from "../rest/read-conversations.ts";
import { registerRecordingSessions } from "../rest/recording-sessions.ts";
import { registerSearch } from "../rest/search.ts";
import { registerSettings } from "../rest/settings.ts";
import { registerShared, registerShareLink } from "../rest/share.ts";
import { registerStop } from "../rest/stop.ts";
import { registerWebhooks } from "../rest/webhooks.ts";
import { registerOwnSettings } from "../settings/routes.ts";
import { registerUploads } from "../uploads/routes.ts";
import type { App, HttpContext } from "./context.ts";

export async function registerApi(app: App, context: HttpContext): Promise<void> {
  const sendArchive = archiveSender(context);
  const routes: FastifyPluginAsync = async (scope) => {
    const api = scope as unknown as App;
    api.addHook("onRequest", requireUser(context.tokens));
    registerMe(api);
    registerTokens(api, context);
    registerAccountDeletion(api, context);
    registerServerFacts(api, context);
    registerArchive(api, context, sendArchive);
    registerConversationExport(api, context);
    registerConversationReads(api, context);
    registerConversationEdits(api, context);
    registerShareLink(api, context);
    registerRecordingSessions(api, context);
    registerFinalization(api, context);
    registerStop(api, context);
    registerSearch(api, context);
    registerMemories(api, context);
    registerActionItems(api, context);
    registerActionItemsOfConversation(api, context);
    registerWebhooks(api, context);
    registerSettings(api, context);
    registerOwnSettings(api, context);
    registerPlayback(api, context);
    registerPeople(api, context);
    registerAssignments(api, context);
    registerCorrections(api, context);
    registerPhotos(api, context);
    registerFairUse(api, context);
    await registerUploads(api, context);
  };
  await app.register(routes);
  registerSignedPlayback(app, context);
  registerSignedSamples(app, context);
  registerSignedArchive(app, context, sendArchive);
  registerShared(app, context);
  registerFairUseCases(app, context);
  await registerFairUseAdmin(app, context);
}
