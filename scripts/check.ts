/**
 * `npm test`: everything that must hold, quickest first, and stops at the first thing that does not. Format and lint,
 * types, arrows between packages, dead code, then all tests in one run of vitest, so that its summary comes last.
 * Arguments are handed on to vitest (`npm test -- --project unit`).
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWebIfNeeded } from "./web.ts";

const OLDEST_NODE_MAJOR = 24;
const root = fileURLToPath(new URL("..", import.meta.url));

interface Step {
  readonly name: string;
  /** A program of an installed package, below node_modules. */
  readonly program: string;
  readonly args: readonly string[];
}

const steps: readonly Step[] = [
  { name: "format and lint", program: "@biomejs/biome/bin/biome", args: ["ci", "."] },
  { name: "types", program: "typescript/bin/tsc", args: ["-p", "tsconfig.json"] },
  ...(existsSync(join(root, "apps/web/tsconfig.json"))
    ? [{ name: "types of the web app", program: "typescript/bin/tsc", args: ["-p", "apps/web/tsconfig.json"] }]
    : []),
  {
    name: "arrows between packages",
    program: "dependency-cruiser/bin/dependency-cruiser.mjs",
    args: ["--config", ".dependency-cruiser.cjs", "packages", "apps", "bench", "scripts", "simulation"],
  },
  { name: "dead code", program: "knip/bin/knip.js", args: [] },
];

function run({ name, program, args }: Step): void {
  const startedMs = performance.now();
  process.stdout.write(`\n── ${name}\n`);
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", program), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    process.stdout.write(`\n✗ ${name} failed\n`);
    process.exit(status ?? 1);
  }
  process.stdout.write(`   fine after ${((performance.now() - startedMs) / 1_000).toFixed(1)} s\n`);
}

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  process.stderr.write(
    `Holdfast needs Node ${OLDEST_NODE_MAJOR}, and this is ${process.version}. Use npm test after npm ci.\n`,
  );
  process.exit(1);
}
for (const step of steps) run(step);
process.stdout.write("\n── web app\n");
buildWebIfNeeded(root, (text) => process.stdout.write(`   ${text}\n`));
process.stdout.write("\n── tests\n");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
