/**
 * Every number of the wire contract that two processes must agree on, in one place. Source: the compatibility reference,
 * listen-and-pusher section 7 and offline-sync section 8. Milliseconds unless the name says otherwise.
 */

export const LISTEN = {
  /** Bare text `ping` from the server, once at start and then at this interval. */
  pingIntervalMs: 10_000,
  /** A socket silent for longer is closed with 1001 at the next ping. */
  inactivityMs: 90_000,
  /** No message at all for this long ends the receive loop. */
  receiveTimeoutMs: 300_000,
  /** The first message of `/v4/web/listen` must arrive within this time. */
  webAuthTimeoutMs: 5_000,
  defaultConversationTimeoutSeconds: 120,
  minConversationTimeoutSeconds: 120,
  maxConversationTimeoutSeconds: 14_400,
  /** How often a session asks whether its conversation has gone silent. */
  lifecyclePollMs: 5_000,
  /** Binary messages up to this length are keep-alives, not audio. */
  keepAliveMaxBytes: 2,
  /** Largest binary message taken from a client. */
  maxMessageBytes: 1_048_576,
  /** Delay before a new session looks for conversations that an earlier one left behind. */
  sweepDelayMs: 7_000,
} as const;

export const AUDIO_LOG = {
  /** A chunk of audio is made durable at the latest after this time ... */
  flushIntervalMs: 500,
  /** ... or as soon as it holds this much. */
  flushBytes: 65_536,
  /** Audio received but not yet durable, per session. Reading from the client stops above it. */
  maxUnflushedBytes: 4_194_304,
  /** Audio kept in memory for a new recogniser stream, per session. What falls out is found again in the store (L6). */
  maxReplayBytes: 8_388_608,
} as const;

export const SEGMENTS = {
  mergeGapSeconds: 3,
  longTextCharacters: 125,
} as const;

export const PUSHER = {
  heartbeatMs: 20_000,
  flushMs: 1_000,
  maxBufferedSegments: 1_000,
  maxPendingRequests: 100,
  reconnectBaseMs: 1_000,
  reconnectCapMs: 60_000,
  reconnectJitter: 0.25,
  receiveTimeoutMs: 300_000,
  /** Failed tries in a row, after the first connect of a session, before the link rests. */
  reconnectAttempts: 6,
  degradedMs: 60_000,
  /** Refusals of a whole process: this many failures within the window open its circuit. */
  breakerFailures: 20,
  breakerWindowMs: 30_000,
  breakerOpenMs: 60_000,
  handshakeTimeoutMs: 10_000,
  /** Version of the audio timeline a gateway may ask for, and how long it waits to hear that the pusher keeps to it. */
  timelineVersion: 2,
  timelineAckMs: 4_000,
  pingMs: 30_000,
  pongTimeoutMs: 60_000,
  closeTimeoutMs: 3_000,
  maxBufferedAudioBytes: 10 * 1024 * 1024,
  /** Of all sessions of a process together, shared evenly: a pusher that hangs must not fill the memory of a gateway. */
  maxProcessAudioBytes: 256 * 1024 * 1024,
  maxBufferedSamples: 50,
  /** Sound further apart than this goes into frames of its own. */
  audioRunGapMs: 1,
  /** A longer run, or a larger batch, is sent as several frames, so that no frame is larger than a pusher takes. */
  maxAudioFrameBytes: 1024 * 1024,
  maxFrameSegments: 200,
  maxFrameBytes: 4 * 1024 * 1024,
  /** A process request without an answer for longer (strictly) is sent again. */
  pendingTimeoutMs: 120_000,
  pendingRetries: 3,
  /** Rest after that many retries, then they begin anew. */
  pendingRestMs: 300_000,
  pendingPassMs: 5_000,
  /** What a pusher keeps of one connection for slow consumers. */
  maxQueuedBatches: 50,
  maxQueuedAudioBytes: 20 * 1024 * 1024,
  /** Requests for samples of voices that one connection may have on their way to the store. */
  maxQueuedSamples: 100,
} as const;

/** Samples of how people sound, reference listen-and-pusher 5.7. */
export const SPEECH_SAMPLES = {
  /** A request rests this long after its words were heard: the person may still change their mind. */
  minAgeMs: 120_000,
  /** While the sound is still on its way to being kept, it is looked for this often at the most. */
  retryMs: 15_000,
  /** Sound that is not there after this time is not coming. */
  giveUpMs: 7 * 86_400_000,
  /** Requests of one user that wait; more are not taken. */
  maxWaiting: 100,
  /** Segments that one request may name; the rest is left out. */
  maxSegments: 500,
  /** The reference names no limit; released servers keep as many of a person. */
  perPerson: 5,
  minMs: 2_000,
  maxMs: 10_000,
} as const;

export const JOBS = {
  /** A worker that is silent for longer has lost its job. */
  leaseMs: 15_000,
  heartbeatMs: 4_000,
  /** How often an idle process asks for due jobs. */
  pollMs: 500,
  maxAttempts: 5,
  /** Backoff of a retried job: base doubled for each attempt, up to the cap. */
  retryBaseMs: 1_000,
  retryCapMs: 300_000,
  /** From this many leases lost in a row on, the job is suspected of ending its workers: it waits, and then runs alone. */
  suspectLostLeases: 3,
  /** First wait of a suspected job, doubled with each further loss up to `retryCapMs`. */
  suspectBaseMs: 5_000,
  /** A suspected job that is due for longer runs beside others, so that a busy process does not pass it over for ever. */
  suspectPatienceMs: 60_000,
  /** Beyond this many leases lost in a row each further one spends an attempt, as a `content` failure does. */
  maxLostLeases: 10,
  /** A conversation that says it is in work, and a job that is blocked, without anything that could end it, is adopted after. */
  orphanGraceMs: 900_000,
  /** Terminal jobs are kept this long, then answer 404. */
  retentionMs: 7 * 86_400_000,
} as const;

export const SYNC = {
  pollAfterMs: 3_000,
  maxPartBytes: 200 * 1024 * 1024,
  maxFiles: 1_000,
  maxFrameBytes: 65_536,
  defaultOpusFrameSamples: 160,
  /** Names carry seconds; numbers above this are milliseconds. */
  secondsThreshold: 1e10,
  earliestCaptureMs: Date.UTC(2024, 0, 1),
  maxErrors: 10,
  /** Two captures less than this far apart belong to one conversation. */
  joinGapMs: 120_000,
  minPieceMs: 1_000,
  maxNameBytes: 255,
  /** Clocks of devices may be this far ahead of ours. */
  futureSkewMs: 300_000,
  /** Recordings newer than this are worked on before older ones. */
  freshMs: 6 * 3_600_000,
  /** Older recordings are refused on the Omi routes. */
  lookbackMs: 30 * 86_400_000,
  /** A finished batch is recognised for this long, its job or not. */
  contentRetentionMs: 45 * 86_400_000,
  /** The same content failing this often within the window rests for the pause. */
  repeatFailures: 3,
  repeatWindowMs: 86_400_000,
  repeatPauseMs: 86_400_000,
  /** A deprecated upload that waits for its job gives up waiting, never the job, after this. */
  v1WaitMs: 60_000,
} as const;

/** How uploads are taken from their queue, and when no more are taken into it. */
export const QUEUE = {
  /** Of so many claims one prefers old recordings, so that they end even where fresh ones never do. */
  backfillEvery: 4,
  /** Sound that one place of a worker gets through in a second, until somebody measured it. */
  assumedSpeed: 10,
  /** Speed forgets its past by two thirds in this much work. */
  speedMemoryMs: 600_000,
  /** Nothing finished for longer while something waited: the queue is believed to be slower than it was. */
  stallMs: 600_000,
  /** Bounds of `Retry-After` of a full queue. */
  minRetrySeconds: 30,
  maxRetrySeconds: 3_600,
  /** The load of the queue is read at most this often. */
  snapshotMs: 1_000,
  /** Workers add what they counted to the figures this often. */
  figuresMs: 1_000,
} as const;

/** Limits of one batch of old recordings on the Omi route, reference offline-sync 3.4 (413). */
export const HISTORICAL_BATCH = {
  files: 20,
  encodedBytes: 64 * 1024 * 1024,
  decodedBytes: 64 * 1024 * 1024,
  seconds: 3_600,
  frames: 360_000,
  minPcmRate: 8_000,
  maxPcmRate: 48_000,
  opusFrameSamples: [40, 80, 160, 320, 640, 960, 1_280, 1_920],
} as const;

/** Signed proof of live capture, reference offline-sync 7.2. */
export const CAPTURE_MANIFEST = {
  version: 1,
  maxFiles: 20,
  lifetimeSeconds: 900,
  issueSkewSeconds: 60,
  claimMs: 21_600_000,
  conversationSlopMs: 1_800_000,
} as const;

/** Resumable uploads (tus 1.0). */
export const RESUMABLE = {
  version: "1.0.0",
  extensions: "creation,creation-with-upload,checksum,expiration,termination",
  checksums: ["sha1", "sha256"],
  /** An upload on which nothing moved for this long goes, with its bytes. */
  expireMs: 7 * 86_400_000,
  /** While bytes arrive, so many of them are made durable at a time: what a crash costs at the most. */
  checkpointBytes: 8 * 1024 * 1024,
  /** Of one user at one time. */
  maxOpen: 1_000,
  maxOpenBytes: 4 * 1024 * 1024 * 1024,
  maxMetadataBytes: 16_384,
  maxBatchFiles: 1_000,
  sweepMs: 60_000,
} as const;

/** Fair use, reference offline-sync sections 6 and 8. */
export const FAIR_USE = {
  /** Speech is added up by the minute of its capture ... */
  bucketMs: 60_000,
  /** ... and kept this long. */
  retentionMs: 8 * 86_400_000,
  /** What was found and done is kept this long. */
  eventRetentionMs: 90 * 86_400_000,
  /** From this score on the classifier calls it misuse. */
  classifierGate: 0.7,
  /** One run of the classifier per user in this time. */
  classifierCooldownMs: 43_200_000,
  /** A run that does not come back is forgotten after this time. */
  classifierLeaseMs: 300_000,
  /** A language model's opinion counts as a violation only where it is this sure ... */
  opinionConfidence: 0.6,
  /** ... and is asked for only where there is this much to read. */
  readableCharacters: 400,
  /** Violations of this long ago or less count towards the next stage. */
  eventWindowMs: 7 * 86_400_000,
  warningMs: 7 * 86_400_000,
  throttleMs: 7 * 86_400_000,
  restrictMs: 30 * 86_400_000,
  /** A live session asks at least this often whether it may go on, or may begin again. */
  lookMs: 30_000,
  /** A client is told when less than this much of the budget is left. */
  warnBelowMs: 180_000,
  retryAfterDefaultSeconds: 3_600,
  retryAfterMaxSeconds: 2_592_000,
  /** Why a gap repair, and an offline batch, waits for the budget. */
  repairWaits: "fair_use",
  syncWaits: "sync_transcription_budget_exhausted",
  /** Questions about a case by anybody, per address. */
  caseRequests: 10,
  caseWindowMs: 60_000,
} as const;

export const DISCARD = {
  /** More words than this are kept without asking. */
  keepAboveWords: 100,
  shortBelowSeconds: 120,
} as const;

/** WebSocket close codes of `/v4/listen`, reference listen-and-pusher 2.11. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  policy: 1008,
  internal: 1011,
  serviceRestart: 1012,
  /** Full, or a client that does not read fast enough. */
  tryAgainLater: 1013,
  refreshToken: 4001,
  byok: 4003,
  loginAgain: 4004,
} as const;

/** Where a pusher answers with a `LanguageModelTest`: it asks the model from where it is asked for summaries. */
export const LANGUAGE_MODEL_TEST = { path: "/v1/language-model/test", timeoutMs: 25_000 } as const;
