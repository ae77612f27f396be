/** Limits for tests: fair use is on, with the defaults, unless told otherwise. */
import { parseConfig } from "@holdfast/contract";
import { type FairUsePolicy, fairUsePolicy } from "@holdfast/core";

export function policyWith(over: Readonly<Record<string, string>> = {}): FairUsePolicy {
  return fairUsePolicy(parseConfig({ FAIR_USE_ENABLED: "true", ...over }));
}
