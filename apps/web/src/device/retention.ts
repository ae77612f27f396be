/** After how many days copies that the server confirmed are removed from this device; a note of the log, so it is of the account. */
import type { HoldfastClient, RecordingLog } from "@holdfast/client";

const NOTE = "setting.retention_days";

export const RETENTION_CHOICES: readonly (number | null)[] = [null, 1, 7, 30, 90];

/** Null keeps them; so does what cannot be read. */
export function storedRetentionDays(log: Pick<RecordingLog, "note">): number | null {
  const days = Number(log.note(NOTE) ?? Number.NaN);
  return RETENTION_CHOICES.includes(days) ? days : null;
}

/** Copies that are old enough already go at once. */
export async function setRetentionDays({ log, sync }: HoldfastClient, days: number | null): Promise<void> {
  await log.setNote(NOTE, days === null ? null : String(days));
  await sync.setRetentionDays(days);
}
