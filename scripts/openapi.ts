/** Writes docs/openapi.json, the description of the gateway's HTTP routes. A test of the server compares it. */
import { writeFile } from "node:fs/promises";
import { openApiDocument } from "@holdfast/server";

const target = new URL("../docs/openapi.json", import.meta.url);
await writeFile(target, `${JSON.stringify(await openApiDocument(), null, 2)}\n`);
