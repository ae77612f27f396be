/** Global set-up of the test projects that start databases: vitest calls it once before all files and its result after them. */
import { makeClusterTemplate } from "./database.ts";

export default async function setup(): Promise<() => Promise<void>> {
  // Timers of the product keep no process alive, and nothing else runs in this one yet.
  const alive = setInterval(() => {}, 60_000);
  const template = await makeClusterTemplate().finally(() => clearInterval(alive));
  return async () => await template[Symbol.asyncDispose]();
}
