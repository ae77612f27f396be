/**
 * Starts an embedded PostgreSQL as the user it is run as, writes what it did as JSON lines, and stays until it is told to
 * stop on standard input. argv: data folder, optionally the folder for the socket.
 */
import { once } from "node:events";
import { silentLog } from "@holdfast/core";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/embedded/index.ts";
import { testClock } from "./clock.ts";

const [, , dataDir = "", runDir = `${dataDir}/run`] = process.argv;
process.stdin.resume();
const server = await startEmbeddedPostgres({ dataDir, runDir, log: silentLog, clock: testClock });
const client = new pg.Client({ connectionString: server.url });
await client.connect();
await client.query("create table if not exists kept (id int primary key)");
await client.query("insert into kept values ((select count(*) from kept))");
const { rows } = await client.query<{ count: number }>("select count(*)::int as count from kept");
await client.end();
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url, rows: rows[0]?.count })}\n`);
await once(process.stdin, "end");
await server.stop();
