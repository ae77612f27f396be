import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { catalogues } from "./apps/web/plugins/catalogues.ts";

// Hundreds of processes are started in a run, from the same sources; without it each would strip and compile them again.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/node", import.meta.url));

/** Files that take from half a minute to two; begun last, they would be waited for alone. */
const LONG = [
  /cli\/test\/(?:faults\/|demo|serve|client-commands|record)/,
  /web\/test\/(?:sync|pages|record|conversation|server-settings|sources)\.browser/,
  /server\/test\/(?:accept-walk|listen\/(?:engines|live|fair-use))/,
  /worker\/test\/(?:sync|speech|crash)/,
  /pusher\/test\/(?:speech-samples|crash|finalise|fanout)/,
  /simulation\/test\/world/,
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((long) => long.test(moduleId));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/**
 * Four projects: `unit` (pure, parallel), `simulation` (worlds from seeds), `integration` (real PostgreSQL, sockets, processes,
 * speech) and `browser` (a real Chromium against the real server). A test file says by its name where it belongs.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      {
        plugins: [catalogues()],
        test: {
          name: "unit",
          include: [
            "packages/*/{src,test}/**/*.test.ts",
            "{bench,scripts}/**/*.test.ts",
            "apps/web/{src,test}/**/*.test.ts",
          ],
          exclude: ["**/*.integration.test.ts", "**/*.browser.test.ts", "**/node_modules/**"],
          testTimeout: 20_000,
          // Left to itself, the runner keeps one core of two for itself.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          // Worlds of real objects under faults, made from seeds.
          name: "simulation",
          include: ["simulation/**/*.test.ts"],
          testTimeout: 20_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/*/test/**/*.integration.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: ["packages/testkit/src/cluster-template.ts"],
          // Four files at a time on two cores: most of what they do is to wait for real leases, restarts and speech in real time.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "browser",
          include: ["apps/web/test/**/*.browser.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Two of them at a time: most of what they do is to wait for speech in real time.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
