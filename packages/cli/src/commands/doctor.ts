/** `holdfast doctor`: says what is wrong and what to do. Ends with 1 where something fails; warnings do not count. */
import { type Config, describeConfig, parseConfig } from "@holdfast/contract";
import type { Command } from "commander";
import pc from "picocolors";
import type { Finding } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";

const MARKS: Readonly<Record<Finding["level"], string>> = {
  ok: pc.green("ok  "),
  warn: pc.yellow("warn"),
  fail: pc.red("FAIL"),
};

export function register(program: Command): void {
  program
    .command("doctor")
    .description("check this machine and a running Holdfast; say what is wrong and what to do")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const config = parseConfig(process.env);
      const findings = await examine(config);
      const settings = describeConfig(config);
      if (options.json === true) {
        process.stdout.write(`${JSON.stringify({ findings, settings }, null, 2)}\n`);
      } else {
        const lines = settings.map(
          ({ name, value, isDefault }) => `  ${name.padEnd(28)} ${value}${isDefault ? pc.dim(" (default)") : ""}`,
        );
        process.stdout.write(`${[...findings.flatMap(wordsOf), "", "Settings:", ...lines].join("\n")}\n`);
      }
      process.exit(findings.some(({ level }) => level === "fail") ? EXIT.failure : EXIT.ok);
    });
}

async function examine(config: Config): Promise<Finding[]> {
  const [machine, database, network, model] = await Promise.all([
    import("../doctor/machine.ts"),
    import("../doctor/database.ts"),
    import("../doctor/network.ts"),
    import("../doctor/model.ts"),
  ]);
  return [
    machine.checkNode(process.version),
    machine.checkDataFolder(config.HOLDFAST_DATA),
    machine.checkSpace(machine.freeBytesOf(config.HOLDFAST_DATA)),
    machine.checkLock(config.HOLDFAST_DATA),
    await database.checkDatabase(config),
    await network.checkGateway(config),
    model.checkModel(config),
    ...(await network.checkSpeech(config)),
    await network.checkLanguageModel(config),
  ];
}

function wordsOf({ check, level, found, advice }: Finding): string[] {
  const line = `${MARKS[level]}  ${check.padEnd(15)} ${found}`;
  return advice === undefined ? [line] : [line, `      ${" ".repeat(15)} → ${advice}`];
}
