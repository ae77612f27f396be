/** Settings that people make in the page: their own, and for the owner those of the whole server. */
import type { App, HttpContext } from "../http/context.ts";
import { registerLanguageModel } from "./language-model.ts";
import { registerSpeechSetting } from "./speech.ts";
import { registerWebhookList } from "./webhook-list.ts";

export function registerOwnSettings(app: App, context: HttpContext): void {
  registerSpeechSetting(app, context);
  registerLanguageModel(app, context);
  registerWebhookList(app, context);
}
