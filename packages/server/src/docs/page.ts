/**
 * The page behind `/docs/`: our own few lines around the script of Scalar, so that the policy can refuse inline script and
 * everything that would leave this server (Scalar's own page comes with an inline script and with buttons for its cloud).
 */

export const DOCS_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="referrer" content="no-referrer" />
    <link rel="icon" type="image/svg+xml" href="/icon.svg" />
    <title>Holdfast API</title>
  </head>
  <body>
    <div id="app"></div>
    <noscript>This page needs JavaScript. The description itself is at <a href="openapi.json">openapi.json</a>.</noscript>
    <script src="start.js"></script>
  </body>
</html>
`;

/** What the description is shown with; nothing that asks another server. */
const OPTIONS = {
  url: "./openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
};

/** Zod, which Scalar carries, would try `Function("")` to see whether it may; it is told that it may not. */
export const DOCS_SCRIPT = `"use strict";
globalThis.__zod_globalConfig = { jitless: true };
const script = document.createElement("script");
script.src = "js/scalar.js";
script.onload = () => globalThis.Scalar.createApiReference("#app", ${JSON.stringify(OPTIONS)});
document.body.append(script);
`;
