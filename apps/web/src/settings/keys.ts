/** Names of what is asked of the server for the settings. */
export const TOKENS = ["tokens"];
export const SERVER_FACTS = ["server"];
export const ACCOUNT = ["account"];
export const SPEECH = ["speech"];
export const MODEL = ["language-model"];
export const WEBHOOKS = ["webhooks"];
export const FAIR_USE = ["fair-use"];
export const FLAGGED = ["fair-use", "flagged"];
