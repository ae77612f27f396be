/** First part of every cache key that holds conversations; invalidating it reads all of them anew. */
export const CONVERSATIONS = ["conversations"] as const;

/** Key of the people whom the account knows by name. */
export const PEOPLE = ["people"] as const;
