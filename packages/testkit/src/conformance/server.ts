/**
 * Is this a server that clients of Omi's protocol and of ours can record to? Asked from outside, with a base URL and a token of
 * a user who may be given a few seconds of silence. It leaves recordings and conversations behind, so use an account of its own.
 * Whoever does not speak tus or acknowledge live audio is told so, and is not wrong for it.
 */
import { AskedServer, type ServerTarget } from "./asked-server.ts";
import { type ConformanceReport, checkRules } from "./rules.ts";
import { LIVE_RULES } from "./server-live.ts";
import { RESUME_RULES } from "./server-resume.ts";
import { UPLOAD_RULES } from "./server-upload.ts";

export async function checkServer(target: ServerTarget): Promise<ConformanceReport> {
  const server = new AskedServer({ ...target, url: target.url.replace(/\/+$/, "") });
  return await checkRules(target.url, [...UPLOAD_RULES, ...RESUME_RULES, ...LIVE_RULES], server);
}
