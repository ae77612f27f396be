/**
 * Asks a server whether it keeps the rules that clients count on, and prints the report; exit code 1 where it does not.
 * It uploads a few seconds of silence, so use an account for nothing else.
 *
 *     node scripts/conformance.ts http://localhost:8787 <token>
 */
import { checkServer, conformanceText } from "@holdfast/testkit/conformance";

const [url, token] = process.argv.slice(2);
if (url === undefined || token === undefined) {
  process.stderr.write("usage: node scripts/conformance.ts <url> <token>\n");
  process.exit(2);
}
const report = await checkServer({ url, token });
process.stdout.write(conformanceText(report));
process.exitCode = report.conforms ? 0 : 1;
