/** Where blobs lie on disk, from the settings; every process reads the setting in the same way. */
import { join } from "node:path";
import { type Config, HoldfastError } from "@holdfast/contract";

/** The folder of `file:<folder>` (also `file:///<folder>`); without a setting `blobs` in the data folder. */
export function blobFolder(config: Pick<Config, "HOLDFAST_BLOBS" | "HOLDFAST_DATA">): string {
  const setting = config.HOLDFAST_BLOBS;
  if (setting === undefined) return join(config.HOLDFAST_DATA, "blobs");
  const folder = setting.startsWith("file:") ? setting.slice("file:".length).replace(/^\/\/(?=\/)/, "") : "";
  if (folder !== "") return folder;
  throw new HoldfastError("HOLDFAST_BLOBS must be file:<folder>; s3: is not supported by this version", {
    code: "config_invalid",
    class: "permanent_input",
  });
}
