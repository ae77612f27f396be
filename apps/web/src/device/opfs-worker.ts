/** The worker that holds the files of the recording log. It is an asset of its own: the policy allows no script from a blob. */
import { serveOpfs } from "@holdfast/client";
import { HoldfastError } from "@holdfast/contract";
import { NO_SYNC_FILES } from "./sync-files.ts";

async function root(): Promise<FileSystemDirectoryHandle> {
  try {
    if ("createSyncAccessHandle" in FileSystemFileHandle.prototype) return await navigator.storage.getDirectory();
  } catch {
    // Private windows of some browsers have the names and refuse the use.
  }
  throw new HoldfastError("this browser has no files that are written synchronously", {
    ...{ code: NO_SYNC_FILES, class: "permanent_input", scope: "service" },
  });
}

serveOpfs(self, root);
