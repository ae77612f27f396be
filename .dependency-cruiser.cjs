/**
 * The arrows of the architecture (DESIGN section 4): who may import whom. Anything else fails. Roles meet only on the wire
 * and in the database; nothing reaches past the public face of another package; only tests use the testkit.
 */
const { readdirSync, readFileSync } = require("node:fs");

/** The files that packages offer to others: what the `exports` of their manifests name. */
const PUBLIC_FACES = readdirSync(`${__dirname}/packages`).flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(`${__dirname}/packages/${name}/package.json`, "utf8"));
  return Object.values(exports).map(
    (path) => `^${`packages/${name}/${path.replace("./", "")}`.replaceAll(".", "\\.")}$`,
  );
});

const MAY_IMPORT = {
  contract: [],
  core: ["contract"],
  runtime: ["contract", "core"],
  store: ["contract", "core"],
  "stt-client": ["contract", "core"],
  codecs: ["contract", "core"],
  client: ["contract", "core"],
  server: ["contract", "core", "runtime", "store", "stt-client"],
  pusher: ["contract", "core", "runtime", "store", "codecs"],
  worker: ["contract", "core", "runtime", "store", "stt-client", "codecs"],
  speech: ["contract", "core", "runtime", "stt-client", "codecs"],
  testkit: ["contract", "core", "runtime", "store", "client", "stt-client", "codecs"],
  cli: ["contract", "core", "runtime", "store", "client", "codecs", "server", "pusher", "worker", "speech"],
};

const arrows = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `arrows-of-${name}`,
  comment: `packages/${name} may import only: ${allowed.join(", ") || "nothing of ours"}`,
  severity: "error",
  from: { path: `^packages/${name}/src/` },
  to: { path: "^packages/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: "public-face-only",
      comment: "another package is imported by its name, never by a path into it",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: {
        path: "^packages/",
        pathNot: ["^packages/$1/", ...PUBLIC_FACES],
      },
    },
    {
      name: "public-face-only-from-outside",
      comment: "the web app, benches, scripts and the simulation import packages by their names",
      severity: "error",
      from: { path: "^(apps|bench|scripts|simulation)/" },
      to: { path: "^packages/", pathNot: PUBLIC_FACES },
    },
    {
      name: "web-app-is-a-client",
      comment: "the web app stands on the client and the contract alone",
      severity: "error",
      from: { path: "^apps/web/src/" },
      to: { path: "^packages/", pathNot: "^packages/(client|contract|core)/" },
    },
    {
      name: "no-testkit-in-production",
      comment: "the testkit is for tests",
      severity: "error",
      from: { path: "^(packages/[^/]+|apps/web)/src/", pathNot: "^packages/testkit/" },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "gateway-does-not-decode",
      comment: "the gateway routes encoded frames; it neither decodes audio nor calls language models",
      severity: "error",
      from: { path: "^packages/server/src/" },
      to: { path: "(^packages/codecs/|node_modules/(openai|opus-decoder|opusscript|sherpa-onnx-node|mediabunny)/)" },
    },
    {
      name: "pure-core",
      comment: "contract and core decide; they do no input or output",
      severity: "error",
      from: { path: "^packages/(contract|core)/src/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "contract-and-core-stay-light",
      comment: "what every process and the browser load brings zod and nothing else",
      severity: "error",
      from: { path: "^packages/(contract|core)/src/" },
      to: { path: "node_modules/", pathNot: "node_modules/zod/" },
    },
    {
      name: "no-circles",
      comment: "two modules that need each other are one module",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "nothing-unresolved",
      comment: "every import leads somewhere",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^virtual:" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|coverage|test-results)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
    },
  },
};
