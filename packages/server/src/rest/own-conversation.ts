/** Finds the asker's conversation, or says what clients expect to hear: 404 unknown (also for another user's), 402 locked. */
import { type Conversation, HoldfastError } from "@holdfast/contract";
import {
  type ConversationRow,
  conversationView,
  type Db,
  findConversation,
  loadPhotos,
  loadSegments,
} from "@holdfast/store";

export function conversationNotFound(): HoldfastError {
  return new HoldfastError("Conversation not found", { code: "conversation_not_found", class: "permanent_input" });
}

/** Longest id that can exist; ids come from us or are UUIDs of clients. */
const ID = /^[\x21-\x7e]{1,200}$/;

export async function ownConversation(db: Db, userId: string, id: string): Promise<ConversationRow> {
  const row = ID.test(id) ? await findConversation(db, userId, id) : undefined;
  if (row === undefined) throw conversationNotFound();
  if (row.is_locked) {
    throw new HoldfastError("A paid plan is required to access this conversation.", {
      code: "locked",
      class: "permanent_input",
    });
  }
  return row;
}

/** The same with its transcript, as clients see it. */
export async function ownConversationView(db: Db, userId: string, id: string): Promise<Conversation> {
  const row = await ownConversation(db, userId, id);
  const photos = await loadPhotos(db, userId, row.id, { withBytes: false });
  return conversationView(row, await loadSegments(db, userId, row.id), photos);
}
