/** A role for the tests of `runProcess`: says what happens to it on standard output, misbehaves as argv[2] says. */
import { HoldfastError } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { runProcess, systemClock } from "../../src/index.ts";

const mode = process.argv[2] ?? "plain";
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

runProcess("sample", async ({ config, signal }) => {
  if (mode === "begins") say("begins");
  if (mode === "fail") throw new Error("cannot start");
  if (mode === "settings")
    throw new HoldfastError("not like this", { code: "config_invalid", class: "permanent_input" });
  if (mode === "waits") await sleep(systemClock, 300);
  if (mode === "slow") {
    say("starting slowly");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    say("start was told to stop");
  }
  const alive = setInterval(() => {}, 1_000);
  if (mode === "throw") setTimeout(() => Promise.reject(new Error("nobody caught this")), 20);
  return {
    port: config.HOLDFAST_PORT,
    async drain() {
      await sleep(systemClock, 1);
      say("drained");
    },
    async close() {
      say("closed");
      clearInterval(alive);
    },
  };
});
if (mode === "begins") say("loaded");
