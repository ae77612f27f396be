/** The oldest Node that can run Holdfast: sources are run directly, with their types stripped. */
import { HoldfastError } from "@holdfast/contract";

export const OLDEST_NODE_MAJOR = 24;

/** Throws `node_too_old` with what to do. `version` looks like `v24.1.0`. */
export function assertNodeVersion(version: string): void {
  const major = Number.parseInt(version.replace(/^v/, ""), 10);
  if (major >= OLDEST_NODE_MAJOR) return;
  throw new HoldfastError(
    `Holdfast needs Node ${OLDEST_NODE_MAJOR} or newer, and this is ${version}. ` +
      "Start it through npm (npm start, npx holdfast), which uses the Node that `npm ci` installed, or install a newer Node.",
    { code: "node_too_old", class: "permanent_input", scope: "service" },
  );
}
