/** The speech engines of the configuration, with the one that the owner prefers first. Asked for each session, so that a choice holds at once. */
import type { Config } from "@holdfast/contract";
import { type Db, preferredEngine } from "@holdfast/store";
import { parseEngines, preferring, type SttEngine } from "@holdfast/stt-client";

/** Throws HoldfastError `config_invalid` where the engines cannot be read. */
export async function enginesInOrder(db: Db, config: Config): Promise<readonly SttEngine[]> {
  const engines = parseEngines(config);
  return engines.length > 1 ? preferring(engines, await preferredEngine(db)) : engines;
}
