/** PostgreSQL and blobs: one function a statement or transaction, no policy. */
export {
  type AccountDeletion,
  DELETION_GRACE_MS,
  forgetAccountDeletions,
  listAccountDeletions,
  requestAccountDeletion,
  sweepAccount,
} from "./accounts/delete.ts";
export * from "./action-items/action-items.ts";
export * from "./action-items/events.ts";
export * from "./action-items/mirror.ts";
export * from "./audio-files/chunks.ts";
export * from "./audio-files/export.ts";
export * from "./audio-files/files.ts";
export {
  isSoundWanted,
  isUploadSpent,
  type PieceSound,
  piecesOfExport,
} from "./audio-files/keep.ts";
export * from "./audio-files/render.ts";
export * from "./blobs/directory.ts";
export { type FileSystem, nodeFiles } from "./blobs/file-system.ts";
export * from "./blobs/folder.ts";
export * from "./blobs/port.ts";
export * from "./conversations/admit.ts";
export * from "./conversations/create.ts";
export * from "./conversations/edit.ts";
export * from "./conversations/finish.ts";
export * from "./conversations/lifecycle.ts";
export * from "./conversations/read.ts";
export * from "./conversations/search.ts";
export * from "./conversations/view.ts";
export * from "./database.ts";
export * from "./effects/claim.ts";
export * from "./effects/deliveries.ts";
export * from "./effects/request.ts";
export * from "./effects/status.ts";
export * from "./embedded/index.ts";
export * from "./exports/pages.ts";
export * from "./fair-use/account.ts";
export * from "./fair-use/add-speech.ts";
export * from "./fair-use/decide.ts";
export { type EvaluateOptions, evaluateFairUse } from "./fair-use/evaluate.ts";
export * from "./fair-use/events.ts";
export * from "./fair-use/expire.ts";
export * from "./fair-use/look.ts";
export * from "./fair-use/look-at-user.ts";
export * from "./fair-use/request.ts";
export { type Evaluation, type FairUseTrigger, violationsSince } from "./fair-use/verdict.ts";
export * from "./ids.ts";
export * from "./jobs/claim.ts";
export * from "./jobs/enqueue.ts";
export * from "./jobs/idle-turns.ts";
export * from "./jobs/job.ts";
export * from "./jobs/loop.ts";
export * from "./jobs/queue-load.ts";
export * from "./jobs/read.ts";
export * from "./jobs/retry.ts";
export * from "./jobs/service-figures.ts";
export * from "./jobs/settle.ts";
export * from "./memories/memories.ts";
export * from "./migrate.ts";
export * from "./people/assign-segments.ts";
export * from "./people/correct.ts";
export * from "./people/delete-person.ts";
export * from "./people/people.ts";
export * from "./photos/add.ts";
export * from "./photos/describe.ts";
export * from "./photos/read.ts";
export * from "./ping.ts";
export * from "./recordings/append-chunks.ts";
export * from "./recordings/bind.ts";
export * from "./recordings/commit-repair.ts";
export * from "./recordings/commit-segments.ts";
export * from "./recordings/end.ts";
export * from "./recordings/hand-over.ts";
export * from "./recordings/has-recording.ts";
export * from "./recordings/load-chunks.ts";
export * from "./recordings/open.ts";
export * from "./recordings/other-words.ts";
export * from "./settings/language-model.ts";
export * from "./settings/secrets.ts";
export * from "./settings/settings.ts";
export * from "./settings/speech.ts";
export { deleteSpeechSample } from "./speech-samples/remove.ts";
export { requestSpeechSamples, type SampleRequest } from "./speech-samples/request.ts";
export { listSpeechSamples, type SpeechSample, speechSampleId } from "./speech-samples/samples.ts";
export { AWAITING_SOUND } from "./speech-samples/wake.ts";
export * from "./speech-samples/work.ts";
export * from "./sweeps/nonterminal.ts";
export * from "./sweeps/orphans.ts";
export * from "./sweeps/sweeps.ts";
export * from "./tokens/own-tokens.ts";
export * from "./tokens/owner.ts";
export {
  checkToken,
  checkTokenHashes,
  createToken,
  listTokens,
  type NewToken,
  revokeToken,
  storeToken,
  type TokenCheck,
  type TokenInfo,
} from "./tokens/tokens.ts";
export * from "./uploads/accept.ts";
export * from "./uploads/assign.ts";
export * from "./uploads/capture-claims.ts";
export * from "./uploads/complete.ts";
export * from "./uploads/contents.ts";
export * from "./uploads/pieces.ts";
export * from "./uploads/resumable.ts";
export type { AskedTarget } from "./uploads/target.ts";
export type { SpokenStretch } from "./uploads/write.ts";
export * from "./webhooks/webhooks.ts";
