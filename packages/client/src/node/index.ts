/** What of the client needs Node: recordings kept in a folder. */
export { openFileStore } from "./file-store.ts";
