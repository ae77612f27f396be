/** The weights of the embedded engine: all there, and of the right size (a broken download is the usual fault). */
import { existsSync, statSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import type { Config } from "@holdfast/contract";
import { type Finding, fail, ok } from "./finding.ts";

interface Weights {
  readonly package: string;
  readonly file: string;
  readonly bytes: number;
}

const MOONSHINE = "@usefulsensors/moonshine-js";
const WEIGHTS: Readonly<Record<Config["HOLDFAST_MODEL"], readonly Weights[]>> = {
  base: [
    { package: MOONSHINE, file: "dist/model/base/quantized/encoder_model.onnx", bytes: 20_513_063 },
    { package: MOONSHINE, file: "dist/model/base/quantized/decoder_model_merged.onnx", bytes: 42_498_870 },
  ],
  tiny: [
    { package: MOONSHINE, file: "dist/model/tiny/quantized/encoder_model.onnx", bytes: 7_937_661 },
    { package: MOONSHINE, file: "dist/model/tiny/quantized/decoder_model_merged.onnx", bytes: 20_243_286 },
  ],
};
const VOICE_ACTIVITY: Weights = { package: "@ricky0123/vad-web", file: "dist/silero_vad_v6.onnx", bytes: 2_327_524 };

export function checkModel(config: Config): Finding {
  const wrong = [...WEIGHTS[config.HOLDFAST_MODEL], VOICE_ACTIVITY].filter(
    (weights) => sizeOf(weights) !== weights.bytes,
  );
  if (wrong.length === 0) return ok("speech model", `Moonshine ${config.HOLDFAST_MODEL} and Silero are installed`);
  const found = wrong
    .map((weights) => `${weights.package}/${weights.file} is ${sizeOf(weights) ?? "missing"}`)
    .join("; ");
  return fail("speech model", found, "run npm ci again");
}

function sizeOf({ package: name, file }: Weights): number | undefined {
  const manifest = findPackageJSON(name, import.meta.resolve("@holdfast/speech"));
  const path = manifest === undefined ? "" : join(dirname(manifest), file);
  return existsSync(path) ? statSync(path).size : undefined;
}
