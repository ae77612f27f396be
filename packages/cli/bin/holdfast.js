#!/usr/bin/env node
/**
 * The `holdfast` command. Sources are run directly by Node 24, which strips their types; where the running Node is older,
 * the one that npm installed beside us is used instead. What was stripped once is kept, for quicker starts and less memory.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE_MAJOR) {
  module.enableCompileCache(
    process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL("../../../node_modules/.cache/node", import.meta.url)),
  );
  await import("../src/main.ts");
} else {
  runWith(installedNode(dirname(fileURLToPath(import.meta.url))));
}

/** The Node of the package `node-linux-*` in the nearest `node_modules` above `folder`. */
function installedNode(folder) {
  const candidate = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(candidate)) return candidate;
  return dirname(folder) === folder ? undefined : installedNode(dirname(folder));
}

function runWith(node) {
  if (node === undefined) {
    process.stderr.write(
      `holdfast: needs Node ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}. Install a newer Node, or run \`npm ci\` in the project.\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal signals the whole group, so the child hears Ctrl-C by itself; we only have to outlive it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT") child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 1)));
}
