/**
 * The client library for browsers and Node: a live socket that frees a message only when the server holds it durably, a small
 * REST client with typed errors, the transcript as a pure function of what the server said, and the recording log, which keeps
 * what was captured until the server has it. No UI, no runtime dependency beyond contract and core; sockets, fetch, storage,
 * clock and randomness are passed in. What needs Node is the entry `@holdfast/client/node`.
 */
export {
  type AccessToken,
  type Conversation,
  HoldfastError,
  isHoldfastError,
  type ListenCodec,
  type ListenEvent,
  type Memory,
  type NewAccessToken,
  type QueueView,
  type Segment,
  type ServerFacts,
  type SharedConversation,
  type SyncAccepted,
  type SyncJobView,
} from "@holdfast/contract";
export type {
  ActiveLimit,
  Clock,
  CooldownReason,
  DisplayState,
  ExplainedNext,
  Explanation,
  JobProgress,
  Random,
  RecordingEvent,
  RecordingState,
  RecordingStatus,
  StatusCard,
  StatusCardState,
  SyncCounts,
  SyncPhase,
  Timer,
  WakeReason,
} from "@holdfast/core";
export {
  type Asked,
  type ConversationChoice,
  type ExportedFile,
  type ExportFormat,
  HoldfastApi,
  type HoldfastApiOptions,
  type JobAnswer,
  type ListedUpload,
  type ListFilter,
  type NamedFile,
  type Person,
  type Readiness,
  type UploadOptions,
  type Whose,
} from "./api/api.ts";
export { type FollowOptions, followConversation, followJob, isTerminalJob } from "./api/follow.ts";
export type { FetchLike, FormRequest, FormTransport, HttpOptions, UploadProgress } from "./api/http.ts";
export { type RetryOptions, retrying } from "./api/retry.ts";
export type { ConversationSound, SoundAnswer, SoundAvailability, SoundSpan } from "./api/sound.ts";
export { HoldfastClient, type HoldfastClientOptions } from "./client.ts";
export {
  DIAGNOSTICS,
  type DiagnosticLevel,
  DiagnosticLog,
  type DiagnosticLogOptions,
} from "./diagnostics/diagnostic-log.ts";
export { explanationText } from "./diagnostics/words.ts";
export { browserConnect, type WebSocketLike } from "./live/browser-connect.ts";
export { type CaptureOptions, Captures, type CapturesOptions } from "./live/captures.ts";
export type { LinkState } from "./live/link.ts";
export {
  ListenSocket,
  type ListenSocketEvent,
  type ListenSocketOptions,
  type ListenStatus,
} from "./live/listen-socket.ts";
export { type ListenTarget, listenUrl } from "./live/listen-url.ts";
export {
  type CaptureLog,
  LiveCapture,
  type LiveCaptureEvent,
  type LiveCaptureOptions,
  type LiveCaptureStatus,
} from "./live/live-capture.ts";
export { MemoryMessageLog, type MessageLog } from "./live/message-log.ts";
export { wholeAudioMessage } from "./live/opus-padding.ts";
export { parseServerMessage, type ServerMessage } from "./live/server-message.ts";
export type { CloseInfo, Connect, SocketHandlers, SocketLike } from "./live/socket.ts";
export type { BrowserStorage } from "./log/browser-storage.ts";
export type { SessionMessages } from "./log/capture/messages.ts";
export type { CaptureSession, SessionFacts } from "./log/capture/session.ts";
export type { RecordingLogEvent, RecordingLogListener } from "./log/events.ts";
export type { SoundFormat } from "./log/format.ts";
export { type IndexedDbStoreOptions, openIndexedDbStore } from "./log/indexed-db/store.ts";
export { type OpfsStoreOptions, type OpfsWorker, openOpfsStore } from "./log/opfs/store.ts";
export { type MessageEnd, serveOpfs } from "./log/opfs/worker.ts";
export type { RecordedCodec, Recording, RecordingFacts } from "./log/recording.ts";
export { RecordingLog, type RecordingLogOptions } from "./log/recording-log.ts";
export type { RecoveryReport } from "./log/recover.ts";
export {
  assertStoreName,
  fileMissing,
  type LogStore,
  logInUse,
  type OpenStore,
  type StoreSpace,
  storageFailed,
  storageFull,
  writePastEnd,
} from "./log/store.ts";
export type { RecordingContent } from "./log/transfer/content.ts";
export type { ImportResult } from "./log/transfer/import.ts";
export type { FindFile, OmiImport } from "./log/transfer/omi-index.ts";
export type { WebLocks } from "./log/web-lock.ts";
export type { DrainProgress } from "./sync/drain.ts";
export { SyncEngine, type SyncEngineOptions } from "./sync/engine.ts";
export { ALWAYS_THERE, browserEnvironment, type SyncEnvironment } from "./sync/environment.ts";
export type { SyncEventName, SyncEvents, SyncListener } from "./sync/events.ts";
export type { JobNews } from "./sync/reconcile.ts";
export type { SyncLog, UploadContent } from "./sync/sync-log.ts";
export type { SyncStatus } from "./sync/sync-status.ts";
export { wakeWhenWhole } from "./sync/wake-when-whole.ts";
export { systemClock, systemRandom } from "./system.ts";
export {
  emptyTranscript,
  reduceTranscript,
  removeSegments,
  type TranscriptState,
  transcriptText,
  upsertSegments,
} from "./transcript/transcript.ts";
