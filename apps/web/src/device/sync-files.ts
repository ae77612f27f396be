/** What the worker says where it cannot have files that are written synchronously. */
export const NO_SYNC_FILES = "no_sync_files";
