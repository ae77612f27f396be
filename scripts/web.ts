/**
 * Builds the web app where that is needed: `apps/web/dist` is missing, or older than a source of it. Looking costs a few
 * milliseconds, so that `npm start` can do it each time.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCES = [
  "apps/web/src",
  "apps/web/locales",
  "apps/web/plugins",
  "apps/web/public",
  "apps/web/index.html",
  "apps/web/vite.config.ts",
  "apps/web/package.json",
  "packages/client/src",
  "packages/contract/src",
  "packages/core/src",
];

/** Returns whether something was built. Throws where the build fails. */
export function buildWebIfNeeded(root: string, say: (text: string) => void): boolean {
  const app = join(root, "apps/web");
  const isThere = existsSync(join(app, "index.html"));
  if (
    !isThere ||
    !isOlder(
      join(app, "dist/index.html"),
      SOURCES.map((source) => join(root, source)),
    )
  )
    return false;
  say("building the web app …");
  execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"], {
    cwd: app,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return true;
}

/** Whether `target` is missing or older than the newest of the files at and below `sources`. */
export function isOlder(target: string, sources: readonly string[]): boolean {
  return !existsSync(target) || Math.max(...sources.map(newest)) > statSync(target).mtimeMs;
}

function newest(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
