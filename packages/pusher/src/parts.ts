/** Parts of the pusher for the simulator, which brings its own sockets, receivers of webhooks and language model. */
export { admit } from "./link/admission.ts";
export { serveLink } from "./link/connection.ts";
export type { LinkServer, LinkServerOptions } from "./link/server.ts";
export { LlmFailure, type Summariser, type Summary, type SummaryInput } from "./summary/port.ts";
export { outcomeOf, type SendOutcome } from "./webhooks/answer.ts";
export type { WebhookMessage, WebhookSender } from "./webhooks/sender.ts";
