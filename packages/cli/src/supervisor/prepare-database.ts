/** Runs `prepare.ts` as a child and takes its answer. Throws ExitError `database` with the reason. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { EXIT, ExitError } from "../exit-codes.ts";
import type { PrepareMessage } from "./prepare.ts";

export interface Prepared {
  readonly ownerToken: string;
  readonly migrations: readonly string[];
}

export async function prepareDatabase(env: NodeJS.ProcessEnv): Promise<Prepared> {
  const program = fileURLToPath(new URL("./prepare.ts", import.meta.url));
  const child = fork(program, [], { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exit = once(child, "exit");
  const answer = await Promise.race([
    once(child, "message").then(([message]) => message as PrepareMessage),
    exit.then(([code]): PrepareMessage => ({ type: "failed", reason: `the child ended with ${code}` })),
  ]);
  await exit;
  if (answer.type === "prepared") return answer;
  throw new ExitError(`the database could not be prepared: ${answer.reason}`, EXIT.database);
}
