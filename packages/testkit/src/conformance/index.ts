/** Does a server, or a client, keep the rules of recording? Suites of rules that anybody can run against either. */

export type { NamedBytes, ServerTarget } from "./asked-server.ts";
export { type ClientTask, type ClientUnderTest, checkClient, type StartClient } from "./client.ts";
export { type ConformanceReport, conformanceText, type RuleResult } from "./rules.ts";
export { checkServer } from "./server.ts";
