/**
 * Finds the model files inside the npm packages that carry them, checks once that they are the files that were measured,
 * and makes the token list and the quicker decoder that the runtime wants. The check is remembered in the cache folder by size and time of change.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastError } from "@holdfast/contract";
import { quickerDecoder } from "./quicker-decoder.ts";

export interface ModelFiles {
  readonly encoder: string;
  readonly decoder: string;
  readonly tokens: string;
}

interface Pinned {
  readonly path: string;
  readonly bytes: number;
  /** First 16 digits of the SHA-256. */
  readonly sha256: string;
}

const MOONSHINE = {
  base: {
    encoder: { bytes: 20_513_063, sha256: "1dd9ab0a7f987113" },
    decoder: { bytes: 42_498_870, sha256: "cc9f3cd6698a369c" },
  },
  tiny: {
    encoder: { bytes: 7_937_661, sha256: "c6fc4b7bc5af75c0" },
    decoder: { bytes: 20_243_286, sha256: "eed87831c3a61035" },
  },
} as const;

const TOKEN_COUNT = 32_768;
const FIRST_SPECIAL_TOKEN = 32_000;

/** Throws HoldfastError `model_missing` or `model_wrong`, naming the file. */
export async function recogniserFiles(model: "base" | "tiny", cacheDir: string): Promise<ModelFiles> {
  // The package allows no other entry than its main file, beside which the models lie.
  const folder = dirname(fileURLToPath(import.meta.resolve("@usefulsensors/moonshine-js")));
  const models = join(folder, "model", model, "quantized");
  const { encoder, decoder } = MOONSHINE[model];
  const encoderPath = join(models, "encoder_model.onnx");
  const decoderPath = join(models, "decoder_model_merged.onnx");
  await checkFiles(
    [
      { path: encoderPath, ...encoder },
      { path: decoderPath, ...decoder },
    ],
    cacheDir,
  );
  return {
    encoder: encoderPath,
    decoder: await quickerDecoderFile(decoderPath, decoder.sha256, cacheDir),
    tokens: await tokensFile(cacheDir),
  };
}

/** The decoder as `quicker-decoder.ts` rewrites it, made once and kept in the cache folder (a third larger than the original). */
async function quickerDecoderFile(path: string, originalSha256: string, cacheDir: string): Promise<string> {
  const made = join(cacheDir, `moonshine-decoder-1-${originalSha256}.onnx`);
  const mark = `${made}.size`;
  const size = (await stat(made).catch(() => undefined))?.size;
  if (size !== undefined && (await readFile(mark, "utf8").catch(() => "")) === String(size)) return made;
  const model = quickerDecoder(await readFile(path));
  await replaceFile(made, model);
  await replaceFile(mark, String(model.length));
  return made;
}

/** Path of the Silero voice-activity model. Throws like `recogniserFiles`. */
export async function vadFile(cacheDir: string): Promise<string> {
  const folder = dirname(createRequire(import.meta.url).resolve("@ricky0123/vad-web"));
  const path = join(folder, "silero_vad_v6.onnx");
  await checkFiles([{ path, bytes: 2_327_524, sha256: "1a153a22f4509e29" }], cacheDir);
  return path;
}

async function checkFiles(files: readonly Pinned[], cacheDir: string): Promise<void> {
  for (const file of files) {
    const found = await stat(file.path).catch(() => undefined);
    if (found === undefined) throw modelError("model_missing", `the speech model is missing: ${file.path}`);
    const mark = join(cacheDir, `checked-${file.sha256}`);
    const fact = `${found.size} ${found.mtimeMs}`;
    if ((await readFile(mark, "utf8").catch(() => "")) === fact) continue;
    if (found.size !== file.bytes || !(await sha256(file.path)).startsWith(file.sha256)) {
      throw modelError("model_wrong", `the speech model is not the one that was published: ${file.path}`);
    }
    await replaceFile(mark, fact);
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

/** One line for each id: base64 of the bytes of the piece, and the id. */
async function tokensFile(cacheDir: string): Promise<string> {
  const path = join(cacheDir, "moonshine-tokens-1.txt");
  if ((await stat(path).catch(() => undefined)) !== undefined) return path;
  const { default: tokenizer } = await import("llama-tokenizer-js");
  const lines: string[] = [];
  for (let id = 0; id < TOKEN_COUNT; id++) {
    const piece = id < FIRST_SPECIAL_TOKEN ? (tokenizer.vocabById[id] ?? "") : `<<ST_${id - FIRST_SPECIAL_TOKEN}>>`;
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
    const bytes = byte === undefined ? Buffer.from(piece, "utf8") : Buffer.from(byte, "hex");
    lines.push(`${bytes.toString("base64")} ${id}`);
  }
  await replaceFile(path, `${lines.join("\n")}\n`);
  return path;
}

/** A reader sees the old file or the whole new one. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}

function modelError(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input", scope: "service" });
}
