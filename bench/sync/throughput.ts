/**
 * Resumable uploads beside the tus project's server with its file store: the same bytes, in turn, on the same disk. Ours flushes
 * every byte, hashes it, and writes the job before the last answer; theirs does none of that.
 */
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { line } from "../pipeline/figures.ts";
import { startPeer } from "../pipeline/peer.ts";
import { cpuSeconds } from "../pipeline/process-cost.ts";
import { startStack } from "../pipeline/stack.ts";
import { sendTus } from "./uploads.ts";

const MIB = 1024 * 1024;

export async function measureTus(options: { readonly mebibytes: number; readonly rounds: number }): Promise<void> {
  const stack = await startStack({ pusher: false, finalFrames: 250, frameSeconds: 0.02, transcript: "" });
  const theirs = startPeer("tus");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tus-"));
  try {
    mkdirSync(join(folder, "files"));
    const [token = ""] = await stack.tokens(1);
    const port = await theirs.call<number>("listen", { folder: join(folder, "files") });
    const bases = { ours: `http://127.0.0.1:${stack.gateway.port}`, theirs: `http://127.0.0.1:${port}` };
    const bytes = randomFillSync(Buffer.alloc(options.mebibytes * MIB));
    const pids = { ours: stack.gateway.pid, theirs: theirs.pid };
    const cpu = { ours: 0, theirs: 0 };
    const rates = { ours: [] as number[], theirs: [] as number[] };
    for (let round = -1; round < options.rounds; round += 1) {
      for (const who of round % 2 === 0 ? (["ours", "theirs"] as const) : (["theirs", "ours"] as const)) {
        // What one left unflushed is not the other's to flush.
        execFileSync("sync");
        const spent = cpuSeconds(pids[who]);
        const began = performance.now();
        await sendTus(bases[who], token, bytes);
        const rate = options.mebibytes / ((performance.now() - began) / 1_000);
        if (round < 0) continue;
        rates[who].push(rate);
        cpu[who] += cpuSeconds(pids[who]) - spent;
      }
    }
    const [ours, other] = [median(rates.ours), median(rates.theirs)];
    const ratios = rates.ours.map((rate, at) => rate / (rates.theirs[at] ?? Number.NaN));
    const rounds = ratios.map((ratio) => ratio.toFixed(2)).join(" ");
    const of = (who: "ours" | "theirs", rate: number): string =>
      `${rate.toFixed(0)} MiB/s, ${((cpu[who] / options.rounds) * 1_000).toFixed(0)} ms of CPU each`;
    console.log(line(`${options.mebibytes} MiB by tus: ours, flushed`, of("ours", ours)));
    console.log(line(`${options.mebibytes} MiB by tus: @tus/server, file store`, of("theirs", other)));
    console.log(line("ours / theirs", `${median(ratios).toFixed(2)} (rounds: ${rounds})`, "at least 1"));
  } finally {
    await theirs.close();
    await stack.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
