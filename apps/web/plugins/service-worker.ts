/**
 * Builds `sw.js` (src/pwa/service-worker.ts), with the files of this build written into it: all of them but the languages, which
 * are kept when they are used.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { localesWithFile } from "./catalogues.ts";
import { PSEUDO } from "./pseudo.ts";

const SOURCE = fileURLToPath(new URL("../src/pwa/service-worker.ts", import.meta.url));
const FILE = "sw.js";
/** Copied as they are, so that the bundle does not list them. */
const STATIC = ["/icon.svg", "/icon-192.png", "/icon-512.png", "/manifest.webmanifest"];

export function serviceWorker(): Plugin {
  const languages = [...localesWithFile(), ...Object.keys(PSEUDO)].map((name) => `assets/${name}-`);
  return {
    name: "holdfast:service-worker",
    apply: "build",
    buildStart() {
      // Not of the builds of workers, which run the same plug-ins.
      if (this.environment.config.consumer === "client") {
        this.emitFile({ type: "chunk", id: SOURCE, fileName: FILE });
      }
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = bundle[FILE];
        if (worker?.type !== "chunk") return;
        const names = Object.keys(bundle).filter((name) => name !== FILE && name !== "index.html");
        const files = names.filter((name) => !languages.some((language) => name.startsWith(language))).sort();
        const list = ["/", ...STATIC, ...files.map((name) => `/${name}`)];
        const hash = createHash("sha256").update(list.join()).update(indexOf(bundle)).digest("hex");
        const build = JSON.stringify({ name: hash.slice(0, 16), files: list });
        worker.code = `const BUILD = ${build};\n${worker.code}`;
      },
    },
  };
}

function indexOf(bundle: Readonly<Record<string, { readonly type: string }>>): string {
  const page = bundle["index.html"] as { readonly source?: string | Uint8Array } | undefined;
  return String(page?.source ?? "");
}
