/**
 * What the archive of one user holds, and the words of its README. Lists are JSON with one item on each line, so that a reader
 * may also take them line by line; they are written page by page. Names of files are made of our ids and never of a client's.
 */
import { isHoldfastError, VERSION } from "@holdfast/contract";
import {
  type BlobStore,
  type Db,
  deterministicUuid,
  type ExportPage,
  exportActionItems,
  exportAudioFiles,
  exportConversations,
  exportMemories,
  exportPhotos,
  exportSpeechSamples,
  exportUploads,
  listPeople,
  listWebhooks,
  photoKey,
  privateCloudSync,
  speechLanguage,
} from "@holdfast/store";
import { listedUpload } from "../uploads/sound-routes.ts";
import type { ZipStream } from "./zip.ts";

/** Transcripts may be long. */
const CONVERSATIONS_A_PAGE = 10;
const ROWS_A_PAGE = 200;
const PHOTOS_A_PAGE = 1;
const SLICE_BYTES = 256 * 1024;

export interface ExportedUser {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly userId: string;
  readonly nowMs: number;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Rejects where the archive is no longer read, or cannot be made. */
export async function writeArchive(zip: ZipStream, user: ExportedUser): Promise<void> {
  const { db, userId, nowMs } = user;
  const lists = {
    "conversations.json": items(user, CONVERSATIONS_A_PAGE, exportConversations, ({ id }) => id),
    "memories.json": items(user, ROWS_A_PAGE, exportMemories, ({ id }) => id),
    "action-items.json": items(user, ROWS_A_PAGE, exportActionItems, ({ id }) => id),
    "uploads.json": mapped(
      items(user, ROWS_A_PAGE, exportUploads, ({ id }) => id),
      (job) => listedUpload(job, nowMs),
    ),
    "audio.json": mapped(audioFiles(user), (file) => ({
      ...{ file: audioPath(file), conversation_id: file.conversation_id, started_at: iso(file.started_at) },
      ...{ seconds: file.samples / 16_000, bytes: file.bytes },
    })),
    "voices.json": mapped(samples(user), (sample) => ({
      ...{ file: voicePath(sample), person_id: sample.person_id, conversation_id: sample.conversation_id },
      ...{ segment_id: sample.segment_id, seconds: sample.samples / 16_000 },
    })),
    "photos.json": mapped(photos(user), (photo) => ({
      ...{ file: photoPath(photo), conversation_id: photo.conversation_id, created_at: iso(photo.created_at) },
      ...{ content_type: photo.content_type, description: photo.description, discarded: photo.discarded },
    })),
  };
  await addText(zip, "README.txt", readme(user));
  await addText(zip, "account.json", await account(user));
  await addText(zip, "people.json", json((await listPeople(db, userId)).map(personView)));
  for (const [path, list] of Object.entries(lists)) await zip.add(path, jsonLines(list), { compress: true });
  for await (const file of audioFiles(user)) await addBlob(zip, user, audioPath(file), file.blob_key);
  for await (const sample of samples(user)) await addBlob(zip, user, voicePath(sample), sample.blob_key);
  for await (const photo of photos(user)) await zip.add(photoPath(photo), once(photo.bytes), { compress: false });
  zip.end();
}

const audioFiles = (user: ExportedUser) => items(user, ROWS_A_PAGE, exportAudioFiles, ({ id }) => id);
const samples = (user: ExportedUser) => items(user, ROWS_A_PAGE, exportSpeechSamples, ({ id }) => id);
const photos = (user: ExportedUser) => items(user, PHOTOS_A_PAGE, exportPhotos, photoKey);

const audioPath = (file: { readonly id: string; readonly started_at: number }): string =>
  `audio/${iso(file.started_at).slice(0, 19).replaceAll(":", "-")}_${file.id}.opus`;
const voicePath = ({ id }: { readonly id: string }): string => `voices/${id}.wav`;
const photoPath = (photo: Parameters<typeof photoKey>[0] & { readonly content_type: string }): string =>
  `photos/${deterministicUuid(photoKey(photo))}.${EXTENSIONS[photo.content_type] ?? "bin"}`;
const EXTENSIONS: Readonly<Record<string, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/webp": "webp",
  "image/gif": "gif",
};

type Pages<Row> = (db: Db, page: ExportPage) => Promise<Row[]>;

async function* items<Row>(
  { db, userId }: ExportedUser,
  limit: number,
  pages: Pages<Row>,
  keyOf: (row: Row) => string,
): AsyncGenerator<Row, void> {
  let after: string | undefined;
  for (;;) {
    const page: Row[] = await pages(db, { userId, after, limit });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    after = keyOf(last);
  }
}

async function* mapped<Row, View>(rows: AsyncIterable<Row>, view: (row: Row) => View): AsyncGenerator<View, void> {
  for await (const row of rows) yield view(row);
}

async function* jsonLines(rows: AsyncIterable<unknown>): AsyncGenerator<Buffer, void> {
  let before = "[\n";
  for await (const row of rows) {
    yield Buffer.from(before + JSON.stringify(row));
    before = ",\n";
  }
  yield Buffer.from(before === "[\n" ? "[]\n" : "\n]\n");
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function addText(zip: ZipStream, path: string, text: string): Promise<void> {
  await zip.add(path, once(Buffer.from(text)), { compress: true });
}

/** Sound is compressed already. What was removed since its row was read is left out. */
async function addBlob(zip: ZipStream, { blobs }: ExportedUser, path: string, key: string): Promise<void> {
  const slice = async (at: number): Promise<Uint8Array> => await blobs.read(key, { start: at, end: at + SLICE_BYTES });
  const first = await slice(0).catch((error: unknown) => {
    if (isHoldfastError(error) && error.code === "blob_missing") return undefined;
    throw error;
  });
  if (first === undefined) return;
  const bytes = async function* (): AsyncGenerator<Uint8Array, void> {
    let [part, at] = [first, 0];
    while (part.length > 0) {
      yield part;
      at += part.length;
      part = part.length < SLICE_BYTES ? new Uint8Array(0) : await slice(at);
    }
  };
  await zip.add(path, bytes(), { compress: false });
}

async function account({ db, userId, nowMs }: ExportedUser): Promise<string> {
  return json({
    user_id: userId,
    exported_at: iso(nowMs),
    server_version: VERSION,
    private_cloud_sync_enabled: await privateCloudSync(db, userId),
    speech_language: await speechLanguage(db, userId),
    webhooks: (await listWebhooks(db, userId)).map(({ type, url, enabled }) => ({ type, url, enabled })),
  });
}

function personView(person: Awaited<ReturnType<typeof listPeople>>[number]): object {
  return { id: person.id, name: person.name, created_at: iso(person.createdMs), updated_at: iso(person.updatedMs) };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function readme({ userId, nowMs }: ExportedUser): string {
  return `Everything that Holdfast keeps of the account "${userId}", as it was on ${iso(nowMs)}.

account.json        the account and its settings
conversations.json  every conversation: title, summary, action items, events and the transcript
memories.json       facts about you
action-items.json   things to do, also those of no conversation
people.json         the people you named; "person_id" in a transcript is one of these
uploads.json        recordings that were uploaded in the last days, and what became of them
audio.json          one line for each file in audio/, with the conversation it belongs to
audio/              the sound you chose to keep, Opus in Ogg, as it is stored
voices.json         one line for each file in voices/
voices/             samples of the voices of people you named, WAV
photos.json         one line for each file in photos/
photos/             pictures of your conversations, as they were sent

Lists are JSON with one item on each line, in no particular order. Times are UTC (ISO 8601). Times inside a transcript are
seconds from "started_at" of the conversation.

Not in here: sound that was not kept for playback, what you deleted, and access tokens, of which nobody has the text.
Something that was recorded, changed or deleted while this archive was made may or may not be in it.
`;
}
