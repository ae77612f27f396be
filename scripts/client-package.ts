/**
 * Builds the package that other people install, `packages/client/dist`: ESM for browsers and Node, one declaration file for each
 * entry, and a manifest of its own. Nothing of ours has to be installed with it: contract and core are inside, as code and as
 * types. The schemas of the contract are not: their types are written out, and their code (and zod) falls to tree shaking,
 * since our packages do nothing on import; the build checks it. `npm run build --workspace packages/client`.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Plugin, rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import ts from "typescript";
import { isOlder } from "./web.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLIENT = join(ROOT, "packages/client");

/** Entries of the package by the name of their file. */
const ENTRIES = {
  index: "src/index.ts",
  node: "src/node/index.ts",
  "opfs-worker": "src/opfs-worker.ts",
} as const;

const OURS: Readonly<Record<string, string>> = {
  "@holdfast/contract": "packages/contract/src/index",
  "@holdfast/core": "packages/core/src/index",
};

export const API_REPORT = join(CLIENT, "etc/client.api.md");

/** What a page with live capture and a kept log needs. */
export const BROWSER_CORE = `export {
  HoldfastClient, browserConnect, browserEnvironment, emptyTranscript, openOpfsStore, reduceTranscript, systemClock, systemRandom
} from "@holdfast/client";`;

/** Makes the package in `folder`, which is emptied before. Throws where something of another package is left in it. */
export async function buildClientPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await writeCode(folder);
  await writeDeclarations(folder);
  for (const name of ["README.md", "SPEC.md"]) copyFileSync(join(CLIENT, name), join(folder, name));
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
}

/** The folder of the built package; built where it is missing or older than a source of it. */
export async function builtClientPackage(): Promise<string> {
  const folder = join(CLIENT, "dist");
  const sources = ["client/src", "client/README.md", "client/package.json", "contract/src", "core/src"];
  const paths = sources.map((source) => join(ROOT, "packages", source));
  if (isOlder(join(folder, "package.json"), paths)) await buildClientPackage(folder);
  return folder;
}

/** What a consumer's bundler makes of `source`, a module that imports the package in `folder`: its size. */
export async function bundledBytes(folder: string, source: string): Promise<{ minified: number; gzipped: number }> {
  const entry = "\0consumer.js";
  const bundle = await rolldown({
    input: entry,
    platform: "browser",
    plugins: [
      {
        name: "consumer",
        resolveId: (id) => (id === entry ? id : id === "@holdfast/client" ? join(folder, "index.js") : null),
        load: (id) => (id === entry ? source : null),
      },
    ],
    onwarn: fail,
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const code = output.map((part) => (part.type === "chunk" ? part.code : "")).join("");
  return { minified: Buffer.byteLength(code), gzipped: gzipSync(code, { level: 9 }).length };
}

/**
 * The public declarations without comments: what is written down in `etc/client.api.md`, so that a change of what others build
 * on is seen where changes are read.
 */
export function apiReport(folder: string): string {
  const printer = ts.createPrinter({ removeComments: true });
  const names = readdirSync(folder).filter((name) => name.endsWith(".d.ts"));
  const parts = names.sort().map((name) => {
    const source = ts.createSourceFile(name, readFileSync(join(folder, name), "utf8"), ts.ScriptTarget.Latest);
    return `## ${name}\n\n\`\`\`ts\n${printer.printFile(source).trim()}\n\`\`\`\n`;
  });
  return `# What @holdfast/client offers\n\nWritten by \`npm run build --workspace packages/client\`.\n\n${parts.join("\n")}`;
}

function fail({ message }: { readonly message?: string | undefined }): never {
  throw new Error(message ?? "the bundler warns");
}

async function writeCode(folder: string): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(CLIENT, path)])),
    platform: "neutral",
    external: /^node:/,
    transform: { target: "es2023" },
    onwarn: fail,
  });
  const { output } = await bundle.write({
    ...{ dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "shared.js" },
    minifyInternalExports: false,
    comments: { annotation: true, jsdoc: false, legal: true },
  });
  await bundle.close();
  for (const part of output) {
    if (part.type !== "chunk") continue;
    const foreign = part.moduleIds.filter((id) => id.includes("node_modules"));
    if (foreign.length > 0) throw new Error(`${part.fileName} carries ${foreign[0]}`);
  }
}

async function writeDeclarations(folder: string): Promise<void> {
  const files = declarations();
  const input = Object.fromEntries(
    Object.entries(ENTRIES).map(([name, path]) => [name, declarationOf(join(CLIENT, path))]),
  );
  const bundle = await rolldown({
    input,
    platform: "neutral",
    external: /^node:/,
    plugins: [declarationFiles(files), dts({ dtsInput: true, tsconfig: false })],
    onwarn: fail,
  });
  const { output } = await bundle.generate({
    ...{ dir: folder, format: "esm", chunkFileNames: "shared.d.ts", minifyInternalExports: false },
  });
  await bundle.close();
  for (const part of output) {
    if (part.type !== "chunk") continue;
    if (/\bfrom ["'](?!\.|node:)/.test(part.code))
      throw new Error(`${part.fileName} needs the types of another package`);
    // `Symbol.asyncDispose` and `AsyncDisposable`, whatever `lib` the consumer has.
    writeFileSync(join(folder, part.fileName), `/// <reference lib="esnext.disposable" />\n${part.code}`);
  }
}

/** The declarations of all modules as the compiler makes them, without what needs zod, by the paths they would have. */
function declarations(): Map<string, string> {
  const path = join(ROOT, "tsconfig.base.json");
  const { options } = ts.convertCompilerOptionsFromJson(
    (ts.readConfigFile(path, ts.sys.readFile).config as { compilerOptions: object }).compilerOptions,
    ROOT,
  );
  const program = ts.createProgram(
    Object.values(ENTRIES).map((entry) => join(CLIENT, entry)),
    {
      ...{ ...options, noEmit: false, declaration: true, emitDeclarationOnly: true },
      // What is found below node_modules is not emitted.
      paths: Object.fromEntries(Object.entries(OURS).map(([name, file]) => [name, [join(ROOT, `${file}.ts`)]])),
    },
  );
  const checker = program.getTypeChecker();
  const files = new Map<string, string>();
  program.emit(undefined, (name, text, _mark, _error, sources) => {
    const source = program.getSourceFile(sources?.[0]?.fileName ?? "");
    if (source !== undefined) files.set(name, withoutSchemas(name, text, inferredTypes(source, checker)));
  });
  return files;
}

/** The exported types of a module that are inferred from a schema, written out. */
function inferredTypes(source: ts.SourceFile, checker: ts.TypeChecker): Map<string, string> {
  const { NoTruncation, InTypeAlias, MultilineObjectLiterals } = ts.TypeFormatFlags;
  const found = new Map<string, string>();
  for (const statement of source.statements) {
    if (!ts.isTypeAliasDeclaration(statement) || !/\bz\.infer\b/.test(statement.type.getText(source))) continue;
    const type = checker.getTypeFromTypeNode(statement.type);
    const flags = NoTruncation | InTypeAlias | MultilineObjectLiterals;
    found.set(statement.name.text, checker.typeToString(type, statement, flags));
  }
  return found;
}

function withoutSchemas(name: string, text: string, inferred: ReadonlyMap<string, string>): string {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  return source.statements
    .filter((statement) => !isSchema(statement))
    .map((statement) => {
      if (!ts.isTypeAliasDeclaration(statement)) return statement.getFullText();
      const written = inferred.get(statement.name.text);
      if (written === undefined) return statement.getFullText();
      const before = statement.getFullText().slice(0, statement.type.getFullStart() - statement.getFullStart());
      return `${before} ${written};`;
    })
    .join("");
}

/** A constant whose type is zod's, and the import of zod. */
function isSchema(statement: ts.Statement): boolean {
  const text = statement.getText();
  if (ts.isImportDeclaration(statement)) return /from "zod"/.test(text);
  return ts.isVariableStatement(statement) && /\bz\./.test(text);
}

function declarationOf(path: string): string {
  return path.replace(/\.ts$/, ".d.ts");
}

/** Finds declarations that were made in memory, where a module's source lies. */
function declarationFiles(files: ReadonlyMap<string, string>): Plugin {
  return {
    name: "declarations",
    resolveId: {
      order: "pre",
      handler(id, importer) {
        const ours = OURS[id];
        const path = ours !== undefined ? join(ROOT, ours) : importer === undefined ? id : join(dirname(importer), id);
        const file = `${path.replace(/(\.d)?\.ts$/, "")}.d.ts`;
        return files.has(file) ? file : null;
      },
    },
    load: (id) => files.get(id) ?? null,
  };
}

function manifest(): object {
  const { name, version, license } = JSON.parse(readFileSync(join(CLIENT, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license: string;
  };
  const entry = (file: string): object => ({ types: `./${file}.d.ts`, default: `./${file}.js` });
  return {
    ...{ name, version, license },
    description:
      "Records voice in browsers and Node and brings it to a Holdfast or Omi server, whatever the network does.",
    type: "module",
    sideEffects: ["./opfs-worker.js"],
    exports: {
      ".": entry("index"),
      "./node": entry("node"),
      "./opfs-worker": entry("opfs-worker"),
      "./package.json": "./package.json",
    },
    types: "./index.d.ts",
    engines: { node: ">=22" },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(CLIENT, "dist");
  await buildClientPackage(folder);
  mkdirSync(dirname(API_REPORT), { recursive: true });
  writeFileSync(API_REPORT, apiReport(folder));
  const { gzipped } = await bundledBytes(folder, BROWSER_CORE);
  process.stdout.write(`${relative(ROOT, folder)}: what a browser needs is ${(gzipped / 1000).toFixed(1)} kB gzip\n`);
}
