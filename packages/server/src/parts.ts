/** Parts of the gateway for the simulator, which brings its own sockets: everything behind the upgrade, and the uploads. */
export { requireUser } from "./auth/require-user.ts";
export type { TokenChecker } from "./auth/token-checker.ts";
export { bareApp } from "./http/bare-app.ts";
export { answerError } from "./http/errors.ts";
export { audioFormat } from "./listen/admission.ts";
export { createAudioWriter } from "./listen/audio-writer.ts";
export type { ListenGateway } from "./listen/gateway.ts";
export { Inbox } from "./listen/inbox.ts";
export { Lots } from "./listen/lots.ts";
export { type ConnectLink, connectWebSocket } from "./listen/pusher-link-socket.ts";
export { createPusherLinks } from "./listen/pusher-links.ts";
export { LiveSession } from "./listen/session.ts";
export { LEASE_MS, type SessionDeps } from "./listen/session-parts.ts";
export { endConversation } from "./rest/end-conversation.ts";
export { registerUploads, type UploadDeps } from "./uploads/routes.ts";
