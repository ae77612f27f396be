/**
 * The REST routes a client needs (reference listen-and-pusher 9, offline-sync 3 and 4), one method each. No method retries by
 * itself: every failure is a HoldfastError whose class says whether it may be tried again, and `retrying` does that where
 * the caller wants it. Answers are taken as declared in the contract; only what decides is checked.
 */
import type {
  AccessToken,
  Conversation,
  Memory,
  NewAccessToken,
  QueueView,
  ServerFacts,
  SharedConversation,
  SyncAccepted,
  SyncJobView,
} from "@holdfast/contract";
import { HoldfastError } from "@holdfast/contract";
import {
  type HttpAnswer,
  type HttpOptions,
  parseRetryAfter,
  request,
  requestText,
  type UploadProgress,
} from "./http.ts";
import type { ConversationSound, SoundAnswer } from "./sound.ts";

export type HoldfastApiOptions = HttpOptions;

/** What narrows a list or a search. */
export interface ConversationChoice {
  readonly statuses?: readonly Conversation["status"][];
  readonly starred?: boolean;
  /** Only those whose sound can be played, or only the others. */
  readonly hasAudio?: boolean;
}

export interface ListFilter extends ConversationChoice {
  readonly limit?: number;
  readonly offset?: number;
  readonly includeDiscarded?: boolean;
}

export interface NamedFile {
  readonly name: string;
  readonly content: Blob;
}

export interface UploadOptions {
  readonly onProgress?: (progress: UploadProgress) => void;
  readonly signal?: AbortSignal;
  /** Wall time of the first sample of an ordinary sound file, where it is known. */
  readonly startedAtMs?: number;
}

export interface Readiness {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly why?: string }>>;
}

export interface ListedUpload extends SyncJobView {
  readonly created_at: string;
  readonly file_names: readonly string[];
}

export interface JobAnswer {
  readonly job: SyncJobView;
  /** The server's wish for the next question. */
  readonly retryAfterMs: number | undefined;
}

/** What goes with a request of `ask`. */
export interface Asked {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** What a conversation may be read as outside. */
export type ExportFormat = "markdown" | "json" | "srt" | "vtt" | "txt";

export interface ExportedFile {
  /** As the server named it, with its extension. */
  readonly name: string;
  readonly contentType: string;
  readonly text: string;
}

/** Somebody whom the account knows by name. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Whose words something is: the account owner's, a person's by their id, or nobody's that is known, which takes the rest back. */
export type Whose = "mine" | "unknown" | { readonly personId: string };

export class HoldfastApi {
  readonly #options: HoldfastApiOptions;

  constructor(options: HoldfastApiOptions) {
    this.#options = options;
  }

  /** The body of any other route, for those that this class has no method for. */
  async ask(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, asked: Asked = {}): Promise<unknown> {
    return (await request(this.#options, { method, path, ...asked })).body;
  }

  /** Whether a user can record now, and what is wrong where not. */
  async readiness(signal?: AbortSignal): Promise<Readiness> {
    const call = { method: "GET", path: "/health/ready", signal, alsoFine: 503 } as const;
    const { ok, parts } = fields(await request(this.#options, call));
    if (typeof ok !== "boolean" || typeof parts !== "object" || parts === null) throw unexpected();
    return { ok, parts: parts as Readiness["parts"] };
  }

  /** Account that the token belongs to. */
  async getAccount(signal?: AbortSignal): Promise<string> {
    const { uid } = fields(await request(this.#options, { method: "GET", path: "/v1/users/me", signal }));
    if (typeof uid !== "string" || uid === "") throw unexpected();
    return uid;
  }

  /** Newest first. */
  async listConversations(filter: ListFilter = {}, signal?: AbortSignal): Promise<Conversation[]> {
    const answer = await request(this.#options, {
      method: "GET",
      path: "/v1/conversations",
      query: {
        limit: filter.limit?.toString(),
        offset: filter.offset?.toString(),
        statuses: filter.statuses?.join(","),
        include_discarded: filter.includeDiscarded?.toString(),
        starred: filter.starred?.toString(),
        has_audio: filter.hasAudio?.toString(),
      },
      signal,
    });
    if (!Array.isArray(answer.body)) throw unexpected();
    return answer.body.map(asConversation);
  }

  async countConversations(statuses: readonly Conversation["status"][], signal?: AbortSignal): Promise<number> {
    const query = { statuses: statuses.join(","), include_discarded: "true" };
    const answer = await request(this.#options, { method: "GET", path: "/v1/conversations/count", query, signal });
    const count = fields(answer).count;
    if (typeof count !== "number") throw unexpected();
    return count;
  }

  async getConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
    return asConversation((await request(this.#options, { method: "GET", path: conversationPath(id), signal })).body);
  }

  async searchConversations(
    query: string,
    page = 1,
    perPage = 10,
    signal?: AbortSignal,
    { statuses, starred, hasAudio }: ConversationChoice = {},
  ): Promise<Conversation[]> {
    const json = { query, page, per_page: perPage, include_discarded: true, statuses, starred, has_audio: hasAudio };
    const answer = await request(this.#options, { method: "POST", path: "/v1/conversations/search", json, signal });
    const { items } = fields(answer);
    if (!Array.isArray(items)) throw unexpected();
    return items.map(asConversation);
  }

  /** Ends the open conversation, whichever it is. Not safe to repeat blindly: the next one may have begun. */
  async stopConversation(signal?: AbortSignal): Promise<Conversation> {
    const answer = await request(this.#options, { method: "POST", path: "/v1/conversations", json: {}, signal });
    return asConversation(fields(answer).conversation);
  }

  /** Ends this conversation. Safe to repeat: one that is not open is answered as it is. */
  async finalizeConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
    const path = `${conversationPath(id)}/finalize`;
    return asConversation(
      fields(await request(this.#options, { method: "POST", path, json: {}, signal })).conversation,
    );
  }

  async deleteConversation(id: string, signal?: AbortSignal): Promise<void> {
    await request(this.#options, { method: "DELETE", path: conversationPath(id), signal });
  }

  async setTitle(id: string, title: string, signal?: AbortSignal): Promise<void> {
    await request(this.#options, { method: "PATCH", path: `${conversationPath(id)}/title`, query: { title }, signal });
  }

  async setStarred(id: string, starred: boolean, signal?: AbortSignal): Promise<void> {
    const query = { starred: String(starred) };
    await request(this.#options, { method: "PATCH", path: `${conversationPath(id)}/starred`, query, signal });
  }

  async setVisibility(id: string, value: Conversation["visibility"], signal?: AbortSignal): Promise<void> {
    await request(this.#options, {
      method: "PATCH",
      path: `${conversationPath(id)}/visibility`,
      query: { value },
      signal,
    });
  }

  /** Where the conversation can be read without a token while it is not private. */
  async shareLink(id: string, signal?: AbortSignal): Promise<string> {
    const call = { method: "GET", path: `${conversationPath(id)}/share-link`, signal } as const;
    const { path } = fields(await request(this.#options, call));
    if (typeof path !== "string") throw unexpected();
    return `${this.#options.server.replace(/\/+$/, "")}${path}`;
  }

  /** What a share link shows; `not_found` where nothing is shared by it (any more). Needs no token. */
  async getShared(key: string, signal?: AbortSignal): Promise<SharedConversation> {
    const path = `/v1/shared/${encodeURIComponent(key)}`;
    const answer = await request(this.#options, { method: "GET", path, signal });
    if (!Array.isArray(fields(answer).segments)) throw unexpected();
    return answer.body as SharedConversation;
  }

  /** Asks for a new summary; the answer is the conversation as it is then. */
  async reprocessConversation(id: string, signal?: AbortSignal): Promise<Conversation> {
    const path = `${conversationPath(id)}/reprocess`;
    return asConversation((await request(this.#options, { method: "POST", path, json: {}, signal })).body);
  }

  /** Ticks a task of a conversation, by its place. */
  async setTaskDone(id: string, index: number, done: boolean, signal?: AbortSignal): Promise<void> {
    const json = { items_idx: [index], values: [done] };
    await request(this.#options, { method: "PATCH", path: `${conversationPath(id)}/action-items`, json, signal });
  }

  /** Corrects the words of a segment. */
  async correctSegment(id: string, segmentId: string, text: string, signal?: AbortSignal): Promise<void> {
    const json = { segment_id: segmentId, text };
    await request(this.#options, { method: "PATCH", path: `${conversationPath(id)}/segments/text`, json, signal });
  }

  /** Facts about the user that were drawn from this conversation, newest first. */
  async listMemories(conversationId: string, signal?: AbortSignal): Promise<Memory[]> {
    const query = { conversation_id: conversationId };
    const { body } = await request(this.#options, { method: "GET", path: MEMORIES, query, signal });
    if (!Array.isArray(body)) throw unexpected();
    return body as Memory[];
  }

  async editMemory(id: string, content: string, signal?: AbortSignal): Promise<void> {
    const path = `${MEMORIES}/${encodeURIComponent(id)}`;
    await request(this.#options, { method: "PATCH", path, query: { value: content }, signal });
  }

  async deleteMemory(id: string, signal?: AbortSignal): Promise<void> {
    await request(this.#options, { method: "DELETE", path: `${MEMORIES}/${encodeURIComponent(id)}`, signal });
  }

  /** The kept sound of a conversation. Asking for it makes the server prepare it. */
  async getSound(id: string, signal?: AbortSignal): Promise<SoundAnswer> {
    const path = `/v1/sync/audio/${encodeURIComponent(id)}/urls`;
    const { conversation_audio, poll_after_ms } = fields(await request(this.#options, { method: "GET", path, signal }));
    if (typeof conversation_audio !== "object") throw unexpected();
    const pollAfterMs = typeof poll_after_ms === "number" ? poll_after_ms : null;
    return { sound: conversation_audio as ConversationSound | null, pollAfterMs };
  }

  /** Uploads `.bin` recordings as one job. The same content again finds the job that has it. */
  async uploadRecordings(files: readonly NamedFile[], options: UploadOptions = {}): Promise<SyncAccepted> {
    return await this.#upload("/v2/sync-local-files", "files", files, options);
  }

  /** Uploads one ordinary sound file (WAV, MP3, M4A, Ogg, WebM, FLAC). */
  async uploadSound(file: NamedFile, options: UploadOptions = {}): Promise<SyncAccepted> {
    return await this.#upload("/v1/uploads", "file", [file], options);
  }

  /** The newest uploads and where they are. */
  async listUploads(signal?: AbortSignal): Promise<ListedUpload[]> {
    const { uploads } = fields(await request(this.#options, { method: "GET", path: "/v1/uploads", signal }));
    if (!Array.isArray(uploads)) throw unexpected();
    return uploads as ListedUpload[];
  }

  async getJob(id: string, signal?: AbortSignal): Promise<JobAnswer> {
    const path = `/v2/sync-local-files/${encodeURIComponent(id)}`;
    const answer = await request(this.#options, { method: "GET", path, signal });
    const { status } = fields(answer);
    if (typeof status !== "string") throw unexpected();
    return {
      job: answer.body as SyncJobView,
      retryAfterMs: parseRetryAfter(answer.headers.get("retry-after"), this.#options.clock.now()),
    };
  }

  /** The work of the whole server; for its owner only, `owner_only` for everybody else. */
  async getQueue(signal?: AbortSignal): Promise<QueueView> {
    const answer = await request(this.#options, { method: "GET", path: "/v1/queue", signal });
    const { jobs, gave_up } = fields(answer);
    if (!Array.isArray(jobs) || !Array.isArray(gave_up)) throw unexpected();
    return answer.body as QueueView;
  }

  /** Asks again for a job that gave up. */
  async retryJob(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/v1/queue/${encodeURIComponent(id)}/retry`;
    await request(this.#options, { method: "POST", path, json: {}, signal });
  }

  /** The account's access tokens, newest first; `current` marks the one in use. */
  async listTokens(signal?: AbortSignal): Promise<AccessToken[]> {
    const { body } = await request(this.#options, { method: "GET", path: TOKENS, signal });
    if (!Array.isArray(body)) throw unexpected();
    return body as AccessToken[];
  }

  /** Makes a token; its text is in this answer and nowhere else. Not safe to repeat blindly: each call makes one. */
  async createToken(name: string, expiresAtMs?: number, signal?: AbortSignal): Promise<NewAccessToken> {
    const expires_at = expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString();
    const answer = await request(this.#options, { method: "POST", path: TOKENS, json: { name, expires_at }, signal });
    if (typeof fields(answer).token !== "string") throw unexpected();
    return answer.body as NewAccessToken;
  }

  /** Revokes a token. True where it was the one in use: nothing more can be asked with it. */
  async revokeToken(id: string, signal?: AbortSignal): Promise<boolean> {
    const path = `${TOKENS}/${encodeURIComponent(id)}`;
    const { was_current } = fields(await request(this.#options, { method: "DELETE", path, signal }));
    if (typeof was_current !== "boolean") throw unexpected();
    return was_current;
  }

  /**
   * Deletes the account and everything in it; there is no way back. `uid` must be the account's own id, as proof that a person
   * meant this one. No token of the account works when this resolves.
   */
  async deleteAccount(uid: string, signal?: AbortSignal): Promise<void> {
    const call = { method: "DELETE", path: "/v1/users/delete-account", query: { confirm: uid }, signal } as const;
    await request(this.#options, call);
  }

  /** What the server is and how it is set up. */
  async getServerFacts(signal?: AbortSignal): Promise<ServerFacts> {
    const answer = await request(this.#options, { method: "GET", path: "/v1/server", signal });
    if (typeof fields(answer).version !== "string") throw unexpected();
    return answer.body as ServerFacts;
  }

  /** One conversation as a document or as captions. */
  async exportConversation(id: string, format: ExportFormat, signal?: AbortSignal): Promise<ExportedFile> {
    const call = { method: "GET", path: `${conversationPath(id)}/export`, query: { format }, signal } as const;
    const { text, headers } = await requestText(this.#options, call);
    const name = fileNameIn(headers.get("content-disposition")) ?? `conversation.${format}`;
    return { name, contentType: headers.get("content-type") ?? "text/plain", text };
  }

  /** By name. */
  async listPeople(signal?: AbortSignal): Promise<Person[]> {
    const call = { method: "GET", path: PEOPLE, query: { include_speech_samples: "false" }, signal } as const;
    const { body } = await request(this.#options, call);
    if (!Array.isArray(body)) throw unexpected();
    return body as Person[];
  }

  /** Makes a person, or finds the one who has the name. */
  async addPerson(name: string, signal?: AbortSignal): Promise<Person> {
    const answer = await request(this.#options, { method: "POST", path: PEOPLE, json: { name }, signal });
    if (typeof fields(answer).id !== "string") throw unexpected();
    return answer.body as Person;
  }

  /** Says whose all words of a speaker are, by the number that their segments have. */
  async assignSpeaker(id: string, speaker: number, whose: Whose, signal?: AbortSignal): Promise<void> {
    const path = `${conversationPath(id)}/assign-speaker/${speaker}`;
    await request(this.#options, { method: "PATCH", path, query: decision(whose), signal });
  }

  /** Says whose certain segments are, by their ids; none of them where one is unknown. */
  async assignSegments(id: string, segmentIds: readonly string[], whose: Whose, signal?: AbortSignal): Promise<void> {
    const json = { ...decision(whose), segment_ids: segmentIds };
    const path = `${conversationPath(id)}/segments/assign-bulk`;
    await request(this.#options, { method: "PATCH", path, json, signal });
  }

  /** An address that gives everything of the account as a ZIP file, without a token, for some minutes. */
  async exportLink(signal?: AbortSignal): Promise<{ readonly url: string; readonly expiresAtMs: number }> {
    const call = { method: "POST", path: "/v1/users/export-link", json: {}, signal } as const;
    const { path, expires_at } = fields(await request(this.#options, call));
    if (typeof path !== "string" || typeof expires_at !== "string") throw unexpected();
    return { url: `${this.#options.server.replace(/\/+$/, "")}${path}`, expiresAtMs: Date.parse(expires_at) };
  }

  async #upload(
    path: string,
    field: "file" | "files",
    files: readonly NamedFile[],
    options: UploadOptions,
  ): Promise<SyncAccepted> {
    const form = new FormData();
    if (options.startedAtMs !== undefined) form.append("started_at", String(options.startedAtMs));
    for (const file of files) form.append(field, file.content, file.name);
    const totalBytes = files.reduce((sum, file) => sum + file.content.size, 0);
    const answer = await request(this.#options, {
      method: "POST",
      path,
      form,
      // The transport counts the form, which is a little longer than the files in it.
      onProgress: (sent) => options.onProgress?.({ sentBytes: Math.min(sent, totalBytes), totalBytes }),
      signal: options.signal,
    });
    const { job_id, status, poll_after_ms } = fields(answer);
    if (typeof job_id !== "string" || typeof status !== "string" || typeof poll_after_ms !== "number") {
      throw unexpected();
    }
    return answer.body as SyncAccepted;
  }
}

const TOKENS = "/v1/users/tokens";
const PEOPLE = "/v1/users/people";
const MEMORIES = "/v3/memories";

function decision(whose: Whose): { readonly assign_type: string; readonly value: string } {
  if (typeof whose === "object") return { assign_type: "person_id", value: whose.personId };
  return { assign_type: "is_user", value: String(whose === "mine") };
}

/** The name in UTF-8 of a `Content-Disposition` (RFC 8187); undefined where there is none that can be read. */
function fileNameIn(disposition: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/iu.exec(disposition ?? "")?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function conversationPath(id: string): string {
  return `/v1/conversations/${encodeURIComponent(id)}`;
}

function fields(answer: HttpAnswer): Readonly<Record<string, unknown>> {
  const { body } = answer;
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw unexpected();
  return body as Readonly<Record<string, unknown>>;
}

function asConversation(value: unknown): Conversation {
  const isConversation =
    typeof value === "object" && value !== null && "id" in value && "status" in value && typeof value.id === "string";
  if (!isConversation) throw unexpected();
  return value as Conversation;
}

/** Something between here and the server answers in its place: worth another try. */
function unexpected(): HoldfastError {
  return new HoldfastError("the server's answer is not what this client expects", {
    code: "bad_answer",
    class: "transport",
    scope: "service",
  });
}
