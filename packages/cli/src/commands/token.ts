/** `holdfast token`: makes, lists and revokes access tokens. A token is shown once, when it is made. */
import type { TokenInfo } from "@holdfast/store";
import type { Command } from "commander";
import { EXIT, ExitError } from "../exit-codes.ts";

interface JsonOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const token = program.command("token").description("make, list and revoke access tokens");
  token
    .command("create")
    .description("make a token and print it, this once")
    .option("--user <id>", "whose token it is", "owner")
    .option("--name <name>", "what it is for, such as the name of a device", "token")
    .option("--days <n>", "valid for so many days; without it until it is revoked")
    .option("--json", "print JSON")
    .action(create);
  token.command("list").description("list all tokens, without their text").option("--json", "print JSON").action(list);
  token
    .command("revoke <fingerprint>")
    .description("revoke the token that `list` shows with this fingerprint")
    .option("--json", "print JSON")
    .action(revoke);
}

async function create(options: JsonOption & { user: string; name: string; days?: string }): Promise<void> {
  const days = options.days === undefined ? undefined : Number(options.days);
  if (days !== undefined && !(days > 0)) throw new ExitError("--days must be a number above 0", EXIT.usage);
  const { store, withDatabase, nowMs } = await load();
  const token = await withDatabase(async (db) => {
    await store.migrate(db);
    return await store.createToken(db, {
      userId: options.user,
      name: options.name,
      nowMs,
      ...(days === undefined ? {} : { expiresMs: nowMs + days * 86_400_000 }),
    });
  });
  print(options, { token, user: options.user, name: options.name }, token);
}

async function list(options: JsonOption): Promise<void> {
  const { store, withDatabase, nowMs } = await load();
  const tokens = await withDatabase(async (db) => {
    await store.migrate(db);
    return await store.listTokens(db);
  });
  const lines = tokens.map(
    (token) => `${token.fingerprint}  ${stateOf(token, nowMs).padEnd(8)}  ${token.userId}  ${token.name}`,
  );
  print(options, { tokens }, lines.length === 0 ? "no tokens" : lines.join("\n"));
}

async function revoke(fingerprint: string, options: JsonOption): Promise<void> {
  const { store, withDatabase, nowMs } = await load();
  const revoked = await withDatabase((db) => store.revokeToken(db, fingerprint, nowMs));
  if (revoked === 0)
    throw new ExitError(`no valid token has the fingerprint ${fingerprint}; see holdfast token list`, EXIT.failure);
  print(options, { revoked }, `revoked ${revoked === 1 ? "the token" : `${revoked} tokens`}`);
}

function stateOf({ revokedMs, expiresMs }: TokenInfo, nowMs: number): string {
  if (revokedMs !== null) return "revoked";
  return expiresMs !== null && expiresMs <= nowMs ? "expired" : "valid";
}

async function load() {
  const [store, { withDatabase }] = await Promise.all([import("@holdfast/store"), import("../with-database.ts")]);
  return { store, withDatabase, nowMs: Date.now() };
}

function print(options: JsonOption, value: object, words: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${words}\n`);
}
