/**
 * `npm run bench [-- name ...arguments]`: every figure of the README, one script after the other, or one of them:
 *
 *   npm run bench -- speech | live [folder] [seconds]     the recogniser; the product as a person meets it
 *   npm run bench -- pipeline [figure] [--sessions n]     what the live pipeline carries, see `pipeline.ts`
 *   npm run bench -- sync [figure] [--rounds n]           what uploads cost, see `sync.ts`
 *   npm run bench -- client [figure]                      what the recording log costs, see `client.ts`
 *   npm run bench -- web [figure]                         what the page takes, see `web.ts`
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const scripts = ["speech", "live", "pipeline", "sync", "client", "web"];

const [name = "", ...rest] = process.argv.slice(2);
const chosen = scripts.includes(name) ? [name] : scripts;
for (const script of chosen) {
  console.log(`\n== ${script}`);
  const path = fileURLToPath(new URL(`${script}.ts`, import.meta.url));
  // A folder of recordings means nothing to the pipeline, to uploads, to the recording log and to the page.
  const given =
    chosen.length === 1 ? rest : ["pipeline", "sync", "client", "web"].includes(script) ? [] : process.argv.slice(2);
  const { status } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...given], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
