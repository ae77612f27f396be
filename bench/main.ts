/** `npm run bench [-- folder]`: every figure of the README, one script after the other. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

for (const script of ["speech.ts", "live.ts"]) {
  console.log(`\n== ${script}`);
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path, ...process.argv.slice(2)],
    {
      stdio: "inherit",
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}
