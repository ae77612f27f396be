/**
 * `npm start`: builds the web app if it is missing or old, then becomes `holdfast serve`. It becomes it by replacing this
 * program with the command in the same process, so that what building took does not stay in memory.
 */
import { fileURLToPath } from "node:url";
import { buildWebIfNeeded } from "./web.ts";

const OLDEST_NODE_MAJOR = 24;
const root = fileURLToPath(new URL("..", import.meta.url));

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `Holdfast needs Node ${OLDEST_NODE_MAJOR}, and this is ${process.version}. Use npm start after npm ci.\n`,
  );
  process.exit(1);
}
try {
  buildWebIfNeeded(root, (text) => process.stderr.write(`${text}\n`));
} catch {
  process.stderr.write("the web app could not be built; Holdfast starts without it\n");
}
const command = fileURLToPath(new URL("../packages/cli/bin/holdfast.js", import.meta.url));
process.execve?.(
  process.execPath,
  [process.execPath, "--disable-warning=ExperimentalWarning", command, "serve"],
  process.env as Record<string, string>,
);
