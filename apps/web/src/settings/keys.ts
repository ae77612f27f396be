/** Names of what is asked of the server for the settings. */
export const TOKENS = ["tokens"];
export const SERVER_FACTS = ["server"];
export const ACCOUNT = ["account"];
