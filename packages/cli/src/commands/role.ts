/** `holdfast gateway | pusher | worker | speech`: one role alone, against the same database, on any machine. */
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { ROLES, type Role, roleProgram } from "../supervisor/roles.ts";

const WORDS: Readonly<Record<Role, string>> = {
  gateway: "run only the gateway: pages, REST and live sockets",
  pusher: "run only the pusher: finishes conversations",
  worker: "run only the worker: offline recordings and repairs",
  speech: "run only the speech process: the embedded engine behind two wire shapes",
};

export function register(program: Command): void {
  for (const role of ROLES) {
    program
      .command(role)
      .description(WORDS[role])
      .option("--json", "log lines are JSON in any case")
      .action(async () => {
        await import(pathToFileURL(roleProgram(role)).href);
        // The role has this process now, and ends it.
        await new Promise<never>(() => {});
      });
  }
}
