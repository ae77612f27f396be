/**
 * What users with open links want to be sent while they speak, from memory: looked up when a link opens and again from time to
 * time, so that a webhook switched on in the middle of a conversation is served soon. A look-up that fails leaves what was known.
 */
import { messageOf } from "@holdfast/contract";
import type { Clock, Log } from "@holdfast/core";
import { type Db, ensureSecret, listWebhooks, type Webhook } from "@holdfast/store";

const FRESH_MS = 15_000;

export interface Subscription {
  readonly transcript: Webhook | undefined;
  readonly audio: Webhook | undefined;
  readonly secret: string;
}

export interface Subscriptions {
  /** Counts a link of the user and looks up what that user wants. */
  open(userId: string): void;
  close(userId: string): void;
  /** What is known now; undefined before the first answer. Asks again in the background where it is old. */
  of(userId: string): Subscription | undefined;
}

interface Entry {
  links: number;
  known: Subscription | undefined;
  askedMs: number;
}

export function createSubscriptions(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}): Subscriptions {
  const { db, clock, log } = deps;
  const entries = new Map<string, Entry>();

  const ask = async (userId: string, entry: Entry): Promise<void> => {
    entry.askedMs = clock.now();
    try {
      const on = (await listWebhooks(db, userId)).filter((webhook) => webhook.enabled);
      const transcript = on.find((webhook) => webhook.type === "realtime_transcript");
      const audio = on.find((webhook) => webhook.type === "audio_bytes");
      const isWanted = transcript !== undefined || audio !== undefined;
      const secret = isWanted ? await ensureSecret(db, userId, clock.now()) : "";
      entry.known = { transcript, audio, secret };
    } catch (error) {
      log.warn(
        { event: "webhook_lookup_failed", error: messageOf(error) },
        "webhooks of a user could not be looked up",
      );
    }
  };

  return {
    open(userId) {
      const entry = entries.get(userId) ?? { links: 0, known: undefined, askedMs: 0 };
      entry.links += 1;
      entries.set(userId, entry);
      void ask(userId, entry);
    },
    close(userId) {
      const entry = entries.get(userId);
      if (entry === undefined) return;
      entry.links -= 1;
      if (entry.links === 0) entries.delete(userId);
    },
    of(userId) {
      const entry = entries.get(userId);
      if (entry !== undefined && clock.now() - entry.askedMs >= FRESH_MS) void ask(userId, entry);
      return entry?.known;
    },
  };
}
