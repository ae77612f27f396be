/**
 * The client library for browsers and Node: a live socket that frees a message only when the server holds it durably, a small
 * REST client with typed errors, and the transcript as a pure function of what the server said. No UI, no Node API, no
 * runtime dependency beyond contract and core; sockets, fetch, clock and randomness are passed in.
 */
export {
  HoldfastApi,
  type HoldfastApiOptions,
  type JobAnswer,
  type ListedUpload,
  type ListFilter,
  type NamedFile,
  type Readiness,
  type UploadOptions,
} from "./api/api.ts";
export { type FollowOptions, followConversation, followJob, isTerminalJob } from "./api/follow.ts";
export type { FetchLike, FormRequest, FormTransport, UploadProgress } from "./api/http.ts";
export { type RetryOptions, retrying } from "./api/retry.ts";
export { browserConnect, type WebSocketLike } from "./live/browser-connect.ts";
export type { LinkState } from "./live/link.ts";
export {
  ListenSocket,
  type ListenSocketEvent,
  type ListenSocketOptions,
  type ListenStatus,
} from "./live/listen-socket.ts";
export { type ListenTarget, listenUrl } from "./live/listen-url.ts";
export { MemoryMessageLog, type MessageLog } from "./live/message-log.ts";
export { wholeAudioMessage } from "./live/opus-padding.ts";
export { parseServerMessage, type ServerMessage } from "./live/server-message.ts";
export type { CloseInfo, Connect, SocketHandlers, SocketLike } from "./live/socket.ts";
export {
  emptyTranscript,
  reduceTranscript,
  removeSegments,
  type TranscriptState,
  transcriptText,
  upsertSegments,
} from "./transcript/transcript.ts";
