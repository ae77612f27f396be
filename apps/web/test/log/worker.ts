/** The worker that holds the files of a log, as an application writes it. */
import { serveOpfs } from "@holdfast/client";

serveOpfs(self, () => navigator.storage.getDirectory());
