/**
 * A conversation as the REST routes and events show it, reference listen-and-pusher section 4.1 and 6.2. `summary_kind` and
 * `state_reason` are ours: they say honestly who wrote the summary and why a conversation is not finished yet.
 */
import { z } from "zod";
import { SegmentSchema } from "./segment.ts";

export const CONVERSATION_STATUSES = ["in_progress", "processing", "merging", "completed", "failed"] as const;
export const ConversationStatus = z.enum(CONVERSATION_STATUSES);
export type ConversationStatus = z.infer<typeof ConversationStatus>;

const SOURCES =
  "friend omi fieldy bee plaud frame friend_com apple_watch phone phone_call desktop openglass screenpipe workflow sdcard external_integration limitless onboarding unknown".split(
    " ",
  );

/** Absent becomes `omi`; a name that is not known becomes `unknown`. */
export function normaliseSource(source: string | null | undefined): string {
  if (source === null || source === undefined || source === "") return "omi";
  return SOURCES.includes(source) ? source : "unknown";
}

export const CATEGORIES = [
  ..."personal education health finance legal philosophy spiritual science entrepreneurship parenting romantic travel".split(
    " ",
  ),
  ..."inspiration technology business social work sports politics literature history architecture music weather news".split(
    " ",
  ),
  ..."entertainment psychology real design family economics environment other".split(" "),
];

const Category = z.string().transform((value) => (CATEGORIES.includes(value) ? value : "other"));
const IsoTime = z.iso.datetime({ offset: true });

export const ActionItem = z.object({
  description: z.string(),
  completed: z.boolean().default(false),
  created_at: IsoTime.nullable().default(null),
  updated_at: IsoTime.nullable().default(null),
  due_at: IsoTime.nullable().default(null),
  completed_at: IsoTime.nullable().default(null),
  conversation_id: z.string().nullable().default(null),
});
export type ActionItem = z.infer<typeof ActionItem>;

export const CalendarEvent = z.object({
  title: z.string(),
  description: z.string().default(""),
  start: IsoTime,
  duration: z.number().min(0).max(180).default(30),
  created: z.boolean().default(false),
});

export const Structured = z.object({
  title: z.string().default(""),
  overview: z.string().default(""),
  emoji: z.string().default("🧠"),
  category: Category.default("other"),
  action_items: z.array(ActionItem).default([]),
  events: z.array(CalendarEvent).default([]),
});
export type Structured = z.infer<typeof Structured>;

export const Conversation = z.object({
  id: z.string(),
  created_at: IsoTime,
  updated_at: IsoTime.nullable(),
  started_at: IsoTime.nullable(),
  finished_at: IsoTime.nullable(),
  source: z.string(),
  language: z.string().nullable(),
  structured: Structured,
  transcript_segments: z.array(SegmentSchema),
  geolocation: z.unknown().nullable(),
  photos: z.array(z.unknown()),
  audio_files: z.array(z.unknown()),
  /** How the parts of `audio_files` become one piece of sound; null where no sound was kept. */
  conversation_audio: z.record(z.string(), z.unknown()).nullable().optional(),
  apps_results: z.array(z.unknown()),
  plugins_results: z.array(z.unknown()),
  external_data: z.record(z.string(), z.unknown()).nullable(),
  app_id: z.string().nullable(),
  discarded: z.boolean(),
  visibility: z.enum(["private", "shared", "public"]),
  starred: z.boolean(),
  processing_conversation_id: z.string().nullable(),
  processing_memory_id: z.string().nullable(),
  status: ConversationStatus,
  is_locked: z.boolean(),
  deferred: z.boolean(),
  folder_id: z.string().nullable(),
  call_id: z.string().nullable(),
  client_device_id: z.string().nullable(),
  client_platform: z.string().nullable(),
  /** Who wrote `structured`: the built-in extractive summariser, a language model, or nobody yet. */
  summary_kind: z.enum(["basic", "llm"]).nullable(),
  /** Why the conversation is not completed, or why its summary is only basic; a code of our own. */
  state_reason: z.string().nullable(),
});
export type Conversation = z.infer<typeof Conversation>;

/**
 * What somebody without an account sees of a conversation that its owner shares by link. No ids of people, devices or the
 * account, no sound, no place, no memories.
 */
export const SharedConversation = z.object({
  title: z.string(),
  overview: z.string(),
  started_at: IsoTime,
  finished_at: IsoTime,
  action_items: z.array(z.object({ description: z.string(), completed: z.boolean() })),
  segments: z.array(
    z.object({
      id: z.string(),
      start: z.number(),
      text: z.string(),
      speaker_id: z.number().int(),
      /** The owner said it. */
      is_owner: z.boolean(),
      /** As the owner named the speaker; null where nobody is named. */
      name: z.string().nullable(),
    }),
  ),
});
export type SharedConversation = z.infer<typeof SharedConversation>;

/** A fact about the user, reference listen-and-pusher 6.4. */
export const Memory = z.object({
  id: z.string(),
  conversation_id: z.string().nullable(),
  content: z.string(),
  category: z.enum(["interesting", "system", "manual"]),
  tags: z.array(z.string()),
  visibility: z.string(),
  created_at: IsoTime,
  updated_at: IsoTime,
  uid: z.string(),
  /** A person looked at it; `user_review` says what that person thought. A rejected one is not shown. */
  reviewed: z.boolean(),
  user_review: z.boolean().nullable(),
  /** A person changed its words. */
  edited: z.boolean(),
  manually_added: z.boolean(),
  scoring: z.string().nullable(),
  is_locked: z.boolean(),
  app_id: z.string().nullable(),
  data_protection_level: z.string(),
});
export type Memory = z.infer<typeof Memory>;
