/** First part of every cache key that holds conversations; invalidating it reads all of them anew. */
export const CONVERSATIONS = ["conversations"] as const;

/** Key of the people whom the account knows by name. */
export const PEOPLE = ["people"] as const;

/** First part of the keys of the sound of a conversation, with its id behind it. */
export const SOUND = ["sound"] as const;

/** First part of the keys of what was learned from a conversation, with its id behind it. */
export const MEMORIES = ["memories"] as const;
