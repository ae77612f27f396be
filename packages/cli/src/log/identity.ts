/**
 * Whose recordings these are, also where the server cannot be asked: what it once said of a token is remembered in the folder
 * of the server, under a hash of the token. The token itself is never written.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HoldfastApi } from "@holdfast/client";
import { isHoldfastError } from "@holdfast/contract";
import { LEGACY, sha256 } from "./folders.ts";

/** Nobody waits longer for a name before recording begins. */
const ASK_MS = 5_000;

/**
 * The account of the token: remembered, else asked for; `legacy` where the server does not answer, or knows no such question.
 * Throws HoldfastError of class `auth` where the server refuses the token.
 */
export async function findAccount(folder: string, token: string, api: HoldfastApi): Promise<string> {
  return (await rememberedAccount(folder, token)) ?? (await askAccount(folder, token, api)) ?? LEGACY;
}

/** Undefined where the server does not say. Throws HoldfastError of class `auth` where it refuses the token. */
export async function askAccount(folder: string, token: string, api: HoldfastApi): Promise<string | undefined> {
  try {
    const uid = await api.getAccount(AbortSignal.timeout(ASK_MS));
    await rememberAccount(folder, token, uid);
    return uid;
  } catch (error) {
    if (!isHoldfastError(error) || error.class === "auth") throw error;
    return undefined;
  }
}

async function rememberedAccount(folder: string, token: string): Promise<string | undefined> {
  const text = await readFile(pathOf(folder, token), "utf8").catch(() => "");
  return text.trim() === "" ? undefined : text.trim();
}

async function rememberAccount(folder: string, token: string, uid: string): Promise<void> {
  const path = pathOf(folder, token);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.${process.pid}`, `${uid}\n`, { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}

function pathOf(folder: string, token: string): string {
  return join(folder, `account-of-${sha256(token).slice(0, 32)}`);
}
