/**
 * Builds the page into `dist`, which the gateway serves. Four things are particular: the theme's CSS variables are written
 * into the style sheet at build time (Mantine would inject them at run time, which `style-src 'self'` forbids), the audio
 * worklet is an asset of its own, each language is a chunk of parsed messages (plugins/catalogues.ts), and a service worker keeps
 * the files of the build (plugins/service-worker.ts). `npx vite` serves the sources and passes API calls to a running Holdfast.
 */
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { catalogues } from "./plugins/catalogues.ts";
import { serviceWorker } from "./plugins/service-worker.ts";
import { theme } from "./src/shell/theme.ts";

const THEME_CSS = "virtual:theme.css";

function themeStyles(): Plugin {
  return {
    name: "holdfast:theme-styles",
    resolveId: (id) => (id === THEME_CSS ? `\0${THEME_CSS}` : null),
    load(id) {
      if (id !== `\0${THEME_CSS}`) return null;
      const variables = defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme));
      return convertCssVariables(variables, ":root");
    },
  };
}

const gateway = "http://localhost:8787";

// Vite takes over a NODE_ENV it finds, and a test runner's would put the slow development React into the page.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

export default defineConfig({
  plugins: [react(), themeStyles(), catalogues(), serviceWorker()],
  // Messages are parsed by the build, so the page has no use for the parser.
  resolve: {
    alias: { "@formatjs/icu-messageformat-parser": "@formatjs/icu-messageformat-parser/no-parser.js" },
  },
  build: {
    target: "es2023",
    // No data: addresses, so that the content security policy needs none for scripts, styles or the worklet.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      treeshake: {
        // Our shared packages do nothing on import. Without this the page would carry every schema of the contract and zod.
        moduleSideEffects: [{ test: /packages\/(contract|core|client)\/src\//, sideEffects: false }],
      },
    },
  },
  worker: { format: "es" },
  server: {
    proxy: { "/v1": gateway, "/v2": gateway, "/v4": { target: gateway.replace("http", "ws"), ws: true } },
  },
});
