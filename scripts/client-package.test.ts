/**
 * The package that other people install, as they get it: built, packed, unpacked into an application of its own, linted by two
 * judges, measured, compared with the interface that is written down, and used: every program of its README and of the examples is
 * compiled against it, and those for Node run against a gateway on real sockets.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { startScriptedGateway } from "@holdfast/testkit/gateway";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { API_REPORT, apiReport, BROWSER_CORE, buildClientPackage, bundledBytes } from "./client-package.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUDGET_BYTES = 35_000;
/** A frame of the examples: 20 ms of 16-bit PCM of 16 kHz. */
const FRAME_BYTES = 640;
const WITHIN_MS = 60_000;

let folder: string;
/** The package as npm unpacks it. */
let installed: string;
/** An application that has it installed. */
let app: string;
let tarball: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-package-"));
  const built = join(folder, "built");
  await buildClientPackage(built);
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: built });
  const packed = join(folder, "holdfast-client-0.1.0.tgz");
  tarball = readFileSync(packed);
  app = join(folder, "app");
  installed = join(app, "node_modules/@holdfast/client");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", packed, "-C", installed, "--strip-components=1"]);
  writeFileSync(join(app, "package.json"), '{ "type": "module" }');
}, 120_000);

afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("the packed client", () => {
  test("holds the code, its types, its licence and its papers, and needs no other package", () => {
    const listed = execFileSync("tar", ["-tz"], { input: tarball, encoding: "utf8" }).trim().split("\n");
    expect(listed.map((name) => name.replace("package/", "")).sort()).toEqual([
      ...["LICENSE", "README.md", "SPEC.md", "index.d.ts", "index.js", "node.d.ts", "node.js"],
      ...["opfs-worker.d.ts", "opfs-worker.js", "package.json", "shared.d.ts", "shared.js", "shared2.js"],
    ]);
    expect(readFileSync(join(installed, "LICENSE"), "utf8")).toMatch(/^MIT License/);
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(manifest).toMatchObject({ license: "MIT", type: "module" });
    expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
  });

  test("passes publint", async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test("has types that resolve, for everybody who can import ES modules", async () => {
    const result = await checkPackage(createPackageFromTarballData(tarball));
    if (!result.types) throw new Error("the package has no types");
    // A package of ES modules alone has nothing for these two.
    const elsewhere = new Set(["node10", "node16-cjs"]);
    const problems = result.problems.filter(
      (problem) => !("resolutionKind" in problem) || !elsewhere.has(problem.resolutionKind),
    );
    expect(problems).toEqual([]);
    expect(Object.keys(result.entrypoints)).toEqual([".", "./node", "./opfs-worker", "./package.json"]);
  });

  test("costs a browser less than its budget", async () => {
    const { gzipped, minified } = await bundledBytes(installed, BROWSER_CORE);
    console.log(`what a browser needs: ${minified} bytes, ${gzipped} bytes gzip, of ${BUDGET_BYTES}`);
    expect(gzipped).toBeGreaterThan(10_000);
    expect(gzipped).toBeLessThan(BUDGET_BYTES);
  });

  test("leaves out what is not used", async () => {
    const { gzipped } = await bundledBytes(installed, 'export { transcriptText } from "@holdfast/client";');
    expect(gzipped).toBeLessThan(1_000);
    expect(readFileSync(join(installed, "index.js"), "utf8")).not.toContain("Zod");
  });

  test("offers what is written down; `npm run build --workspace packages/client` writes it down anew", () => {
    expect(apiReport(installed)).toBe(readFileSync(API_REPORT, "utf8"));
  });
});

describe("the programs of the README and the examples", () => {
  test(
    "are compiled against the package",
    () => {
      const blocks = programsOfReadme();
      expect([...blocks.keys()]).toEqual(
        expect.arrayContaining([
          "opfs-worker.ts",
          "client.ts",
          "record.ts",
          "show.ts",
          "node.ts",
          "import.ts",
          "control.ts",
        ]),
      );
      for (const [name, text] of blocks) writeFileSync(join(app, name), text);
      copyFileSync(join(ROOT, "examples/page/page.js"), join(app, "page.js"));
      copyFileSync(join(ROOT, "examples/node/upload.ts"), join(app, "upload.ts"));
      const onNode = ["node.ts", "import.ts", "upload.ts"];
      const inBrowser = [...blocks.keys(), "page.js"].filter((name) => !onNode.includes(name));
      expect(
        complaints(inBrowser, { lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], types: [] }),
      ).toEqual([]);
      const node = { lib: ["lib.es2024.d.ts"], types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] };
      // The declarations of Node are not ours to check; ours were checked above.
      expect(complaints(onNode, { ...node, skipLibCheck: true })).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    "record from the standard input, live",
    async () => {
      await using gateway = await startScriptedGateway({
        words: "ask not what your country can do",
        messagesPerWord: 10,
      });
      const program = run("node.ts", [], gateway);
      program.stdin?.write(Buffer.alloc(100 * FRAME_BYTES + 7));
      const durable = (): number => [...gateway.live.ledger.durable.values()].flat().length;
      // However busy the machine is: a program that ends would wait for the live way for ten seconds only.
      await expect.poll(durable, { timeout: WITHIN_MS }).toBe(100);
      program.stdin?.end();
      const { code, said } = await ended(program);
      expect(said).toMatch(/completed: ask not what your country can do\n$/);
      expect(code).toBe(0);
      expect(durable()).toBe(100);
      expect(gateway.live.ledger.faults).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    "upload a folder",
    async () => {
      await using gateway = await startScriptedGateway();
      const recordings = join(folder, "recordings-to-send");
      mkdirSync(recordings);
      const name = `audio_phone_pcm16_16000_1_fs320_${Math.floor(Date.now() / 1000) - 3_600}.bin`;
      const frame = Buffer.alloc(4 + FRAME_BYTES);
      frame.writeUInt32LE(FRAME_BYTES);
      writeFileSync(join(recordings, name), Buffer.concat([frame, frame]));
      writeFileSync(join(recordings, "memo.wav"), Buffer.alloc(1_000, 1));
      writeFileSync(join(recordings, "bad.bin"), "x");
      const { code, said } = await ended(run("upload.ts", [recordings], gateway));
      expect(said).toContain(`${name} is part of a conversation`);
      expect(said).toContain("memo.wav is part of a conversation");
      expect(code).toBe(0);
      expect(gateway.rest.uploads.map(({ path }) => path).sort()).toEqual(["/v1/uploads", "/v2/sync-local-files"]);
    },
    WITHIN_MS,
  );
});

/** The blocks of the README that say the name of their file, by that name. */
function programsOfReadme(): Map<string, string> {
  const text = readFileSync(join(installed, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```(\S+) *(\S*)\n([\s\S]*?)^```$/gm)];
  const unnamed = blocks.filter(([, language, name]) => language !== "sh" && name === "");
  expect(unnamed.map(([block]) => block)).toEqual([]);
  return new Map(blocks.filter(([, , name]) => name !== "").map(([, , name, body]) => [name ?? "", body ?? ""]));
}

/** What the compiler says against these files of the application. */
function complaints(names: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(
    names.map((name) => join(app, name)),
    {
      ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, noEmit: true, allowJs: true, strict: true },
      ...{ moduleResolution: ts.ModuleResolutionKind.Bundler, noUncheckedIndexedAccess: true },
      ...options,
    },
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName.replace(app, "") ?? ""}:${line} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

function run(program: string, args: readonly string[], { url, token }: { url: string; token: string }): ChildProcess {
  const env = {
    ...process.env,
    HOLDFAST_URL: url,
    HOLDFAST_TOKEN: token,
    HOLDFAST_LOG: join(app, `log-of-${program}`),
  };
  return spawn(process.execPath, [program, ...args], { cwd: app, env, stdio: ["pipe", "pipe", "inherit"] });
}

async function ended(program: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = "";
  program.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = (await once(program, "close")) as [number | null];
  return { code, said };
}
