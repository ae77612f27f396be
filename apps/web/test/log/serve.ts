/** The page of the log, built as a page is built and served from this machine, which browsers take for a secure address. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

export interface ServedPage extends AsyncDisposable {
  readonly address: string;
}

export async function serveLogPage(): Promise<ServedPage> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-log-page-"));
  await build({
    configFile: false,
    root: fileURLToPath(new URL(".", import.meta.url)),
    logLevel: "error",
    worker: { format: "es", rolldownOptions: { output: { entryFileNames: "assets/[name].js" } } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2023",
      minify: false,
      rolldownOptions: {
        input: fileURLToPath(new URL("./page.ts", import.meta.url)),
        output: { entryFileNames: "page.js" },
      },
    },
  });
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname;
    if (name === "/") {
      response.setHeader("content-type", "text/html");
      response.end(
        '<!doctype html><title>log</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
      );
      return;
    }
    readFile(join(folder, name)).then(
      (bytes) => {
        response.setHeader("content-type", "text/javascript");
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
