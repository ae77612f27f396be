/** Where uploaded recordings lie on disk, from the settings. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Config, HoldfastError } from "@holdfast/contract";

/** `HOLDFAST_BLOBS` is `file:<folder>` or a `file://` URL; without it `blobs` in the data folder. */
export function blobFolder(config: Pick<Config, "HOLDFAST_BLOBS" | "HOLDFAST_DATA">): string {
  const setting = config.HOLDFAST_BLOBS;
  if (setting === undefined) return join(config.HOLDFAST_DATA, "blobs");
  if (setting.startsWith("file://")) return fileURLToPath(setting);
  const folder = setting.startsWith("file:") ? setting.slice("file:".length) : "";
  if (folder !== "") return folder;
  throw new HoldfastError("HOLDFAST_BLOBS must be file:<folder>", { code: "config_invalid", class: "permanent_input" });
}
