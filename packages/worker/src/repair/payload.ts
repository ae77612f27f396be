/** Reads the payload that `handOverGap` of the store wrote. */
import { HoldfastError } from "@holdfast/contract";
import type { RepairPayload } from "@holdfast/store";

/** Throws `repair_payload_invalid` (`permanent_input`): no later try would read it better. */
export function readRepairPayload(payload: Readonly<Record<string, unknown>>): RepairPayload {
  const { recording_session_id, from_message, to_message, channel } = payload;
  if (
    typeof recording_session_id !== "string" ||
    typeof from_message !== "number" ||
    typeof to_message !== "number" ||
    from_message > to_message
  ) {
    throw new HoldfastError("the payload of a repair job cannot be read", {
      code: "repair_payload_invalid",
      class: "permanent_input",
    });
  }
  const range = { recording_session_id, from_message, to_message };
  return typeof channel === "number" ? { ...range, channel } : range;
}
