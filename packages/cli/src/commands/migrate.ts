/** `holdfast migrate`: brings the database to the newest schema. `serve` does it by itself; this is for several machines. */
import type { Command } from "commander";

export function register(program: Command): void {
  program
    .command("migrate")
    .description("bring the database to the newest schema")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const [{ withDatabase }, { migrate }] = await Promise.all([
        import("../with-database.ts"),
        import("@holdfast/store"),
      ]);
      const migrations = await withDatabase((db) => migrate(db));
      const words = migrations.length === 0 ? "the schema is up to date" : `done: ${migrations.join(", ")}`;
      process.stdout.write(options.json === true ? `${JSON.stringify({ migrations })}\n` : `${words}\n`);
    });
}
