/** What the settings ask of the server and change there; answers are taken as the contract declares them. */
import type { HoldfastApi } from "@holdfast/client";
import type { LanguageModelSetting, LanguageModelTest, SpeechSetting, WebhookSetting } from "@holdfast/contract";

type Api = Pick<HoldfastApi, "ask">;

export type WebhookType = WebhookSetting["type"];

const SPEECH = "/v1/settings/speech";
const MODEL = "/v1/settings/language-model";
const WEBHOOK = "/v1/users/developer/webhook";
const WEBHOOKS = "/v1/users/developer/webhooks";
const FAIR_USE = "/v1/admin/fair-use";

export async function getSpeech(api: Api, signal: AbortSignal): Promise<SpeechSetting> {
  return (await api.ask("GET", SPEECH, { signal })) as SpeechSetting;
}

/** Null takes back what was said. */
export async function setLanguage(api: Api, language: string | null): Promise<void> {
  await api.ask("PATCH", "/v1/users/language", { json: { language } });
}

/** Null: the order of the configuration. */
export async function preferEngine(api: Api, key: string | null): Promise<void> {
  await api.ask("PUT", `${SPEECH}/engine`, { json: { key } });
}

export async function getModel(api: Api, signal: AbortSignal): Promise<LanguageModelSetting> {
  return (await api.ask("GET", MODEL, { signal })) as LanguageModelSetting;
}

export interface AskedModel {
  readonly url: string;
  readonly model: string;
  /** Absent: as it is. Null: none. */
  readonly key?: string | null;
}

export async function setModel(api: Api, asked: AskedModel): Promise<LanguageModelSetting> {
  return (await api.ask("PUT", MODEL, { json: asked })) as LanguageModelSetting;
}

export async function removeModel(api: Api): Promise<LanguageModelSetting> {
  return (await api.ask("DELETE", MODEL)) as LanguageModelSetting;
}

export async function testModel(api: Api): Promise<LanguageModelTest> {
  return (await api.ask("POST", `${MODEL}/test`)) as LanguageModelTest;
}

export async function listWebhooks(api: Api, signal: AbortSignal): Promise<readonly WebhookSetting[]> {
  return (await api.ask("GET", WEBHOOKS, { signal })) as readonly WebhookSetting[];
}

/** An empty address removes it. */
export async function setWebhook(api: Api, type: WebhookType, url: string, seconds: string): Promise<void> {
  const parts = type === "audio_bytes" && url !== "" && seconds !== "" ? `${url},${seconds}` : url;
  await api.ask("POST", `${WEBHOOK}/${type}`, { json: { url: parts } });
}

export async function switchWebhook(api: Api, type: WebhookType, isOn: boolean): Promise<void> {
  await api.ask("POST", `${WEBHOOK}/${type}/${isOn ? "enable" : "disable"}`);
}

/** Without `renew` the one that there is, made where there is none. */
export async function webhookSecret(api: Api, renew: boolean): Promise<string> {
  const { secret } = (await api.ask(renew ? "POST" : "GET", `${WEBHOOKS}/secret`)) as { readonly secret: string };
  return secret;
}

export const STAGES = ["none", "warning", "throttle", "restrict"] as const;
export type Stage = (typeof STAGES)[number];

export interface FairUseState {
  readonly stage: Stage;
  readonly case_ref: string;
  readonly speech_hours_today: number;
  readonly speech_hours_3day: number;
  readonly speech_hours_weekly: number;
  readonly limits: { readonly daily_hours: number; readonly three_day_hours: number; readonly weekly_hours: number };
  readonly dg_budget: { readonly daily_limit_ms: number; readonly used_ms: number };
}

export interface FlaggedAccount {
  readonly uid: string;
  readonly stage: Stage;
  readonly violation_count_30d: number;
}

export async function getFairUse(api: Api, signal: AbortSignal): Promise<FairUseState> {
  return (await api.ask("GET", "/v1/fair-use/status", { signal })) as FairUseState;
}

export async function listFlagged(api: Api, signal: AbortSignal): Promise<readonly FlaggedAccount[]> {
  const { users } = (await api.ask("GET", `${FAIR_USE}/flagged`, { signal })) as { users: readonly FlaggedAccount[] };
  return users;
}

export async function setStage(api: Api, uid: string, stage: Stage): Promise<void> {
  await api.ask("POST", `${FAIR_USE}/user/${encodeURIComponent(uid)}/set-stage`, { query: { stage } });
}

export async function resetAccount(api: Api, uid: string): Promise<void> {
  await api.ask("POST", `${FAIR_USE}/user/${encodeURIComponent(uid)}/reset`);
}
