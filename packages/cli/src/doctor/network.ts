/** What should answer by HTTP: the gateway, the speech process, the language model. Each has five seconds. */
import { type Config, messageOf } from "@holdfast/contract";
import { isPortFree } from "../supervisor/ports.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const PATIENCE_MS = 5_000;

/** The port of the gateway is free, or a Holdfast answers there. */
export async function checkGateway(config: Config): Promise<Finding> {
  const address = `http://${hostOf(config.HOLDFAST_HOST)}:${config.HOLDFAST_PORT}`;
  try {
    if (await isPortFree(config.HOLDFAST_HOST, config.HOLDFAST_PORT))
      return ok("gateway", `not running; port ${config.HOLDFAST_PORT} is free`);
  } catch (error) {
    return fail(
      "gateway",
      `cannot listen on ${config.HOLDFAST_HOST}: ${messageOf(error)}`,
      "check HOLDFAST_HOST and HOLDFAST_PORT",
    );
  }
  const answer = await get(`${address}/health/ready`);
  if (answer.status === 200) return ok("gateway", `ready on ${address}`);
  if (answer.status === 503)
    return warn(
      "gateway",
      `on ${address}, not ready: ${whatIsWrong(answer.body)}`,
      "Holdfast starts again what died; if this stays for a minute, read the last lines of `npm start`",
    );
  return fail(
    "gateway",
    `port ${config.HOLDFAST_PORT} is taken by another program`,
    "stop that program, or set HOLDFAST_PORT",
  );
}

/** Only where its address is set: below `serve` the gateway's readiness covers it. */
export async function checkSpeech(config: Config): Promise<Finding[]> {
  if (config.HOLDFAST_SPEECH_URL === undefined) return [];
  const answer = await get(`${config.HOLDFAST_SPEECH_URL}/health`, config.HOLDFAST_INTERNAL_TOKEN);
  if (answer.status === 200) return [ok("speech", `answers on ${config.HOLDFAST_SPEECH_URL}`)];
  return [
    fail(
      "speech",
      `${config.HOLDFAST_SPEECH_URL}: ${answer.words}`,
      "start `holdfast speech` there, or unset HOLDFAST_SPEECH_URL",
    ),
  ];
}

export async function checkLanguageModel(config: Config): Promise<Finding> {
  const url = config.HOLDFAST_LLM_URL;
  if (url === undefined)
    return ok("language model", "none is set here; the one of the page, else the built-in summariser, is used");
  const answer = await get(`${url.replace(/\/+$/, "")}/models`, config.HOLDFAST_LLM_KEY);
  if (answer.status === 200) return ok("language model", `answers on ${url}`);
  const key = answer.status === 401 || answer.status === 403;
  return warn(
    "language model",
    `${url}: ${answer.words}`,
    key
      ? "check HOLDFAST_LLM_KEY"
      : "transcripts are kept without it; check HOLDFAST_LLM_URL, which usually ends with /v1",
  );
}

/** The reasons in an answer of `/health/ready`. */
function whatIsWrong(body: string): string {
  try {
    const { parts } = JSON.parse(body) as { parts: Record<string, { ok: boolean; why?: string }> };
    const reasons = Object.entries(parts).filter(([, { ok }]) => !ok);
    return reasons.map(([name, { why }]) => why ?? name).join("; ");
  } catch {
    return body.slice(0, 300);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly words: string;
}

async function get(url: string, token?: string): Promise<Answer> {
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, body: await response.text(), words: `status ${response.status}` };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { status: 0, body: "", words: messageOf(cause) };
  }
}

function hostOf(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "localhost" : host;
}
