/** The four roles and where their programs are. Nothing of them is loaded here. */
import { fileURLToPath } from "node:url";

export const ROLES = ["gateway", "pusher", "worker", "speech"] as const;
export type Role = (typeof ROLES)[number];

const PACKAGES: Readonly<Record<Role, string>> = {
  gateway: "@holdfast/server",
  pusher: "@holdfast/pusher",
  worker: "@holdfast/worker",
  speech: "@holdfast/speech",
};

/** Path of the composition root of a role: `main.ts` beside the public face of its package. */
export function roleProgram(role: Role): string {
  return fileURLToPath(new URL("./main.ts", import.meta.resolve(PACKAGES[role])));
}

export function rolePrograms(): Record<Role, string> {
  return {
    gateway: roleProgram("gateway"),
    pusher: roleProgram("pusher"),
    worker: roleProgram("worker"),
    speech: roleProgram("speech"),
  };
}
