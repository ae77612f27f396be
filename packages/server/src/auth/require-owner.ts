/** What counts for the whole server is its owner's: everybody else is told `owner_only` (403). */
import { HoldfastError } from "@holdfast/contract";
import { OWNER_USER_ID } from "@holdfast/store";

/** Throws HoldfastError `owner_only`. */
export function requireOwner(userId: string): void {
  if (userId === OWNER_USER_ID) return;
  throw new HoldfastError("only the owner of this server may do this", {
    code: "owner_only",
    class: "permanent_input",
  });
}
