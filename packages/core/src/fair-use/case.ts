/** What a user is told about their stage, and the reference they can name when they ask about it. */
import type { FairUseStage } from "./stages.ts";

const CASE_REF = /^FU-[0-9A-F]{12}$/;

/** `FU-` and 12 upper-case hex digits of a random UUID. */
export function caseRefOf(uuid: string): string {
  return `FU-${uuid.replaceAll("-", "").slice(0, 12).toUpperCase()}`;
}

export function isCaseRef(text: string): boolean {
  return CASE_REF.test(text);
}

const MESSAGES: Readonly<Record<FairUseStage, string>> = {
  none: "Your use is within the limits.",
  warning:
    "You had much more speech transcribed than one person usually says. Nothing is limited; this notice ends by itself.",
  throttle:
    "Your use is well above the limits. Nothing is limited yet; this ends by itself after seven days without more.",
  restrict:
    "Transcription is limited to a daily budget for now. Everything you record is kept and transcribed when the budget allows it.",
};

/** One text per stage, with the case to name. */
export function fairUseMessage(stage: FairUseStage, caseRef: string): string {
  return caseRef === "" || stage === "none" ? MESSAGES[stage] : `${MESSAGES[stage]} Reference: ${caseRef}`;
}
