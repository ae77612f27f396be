/** `holdfast doctor`: says what is wrong and what to do. Ends with 1 where something fails; warnings do not count. */
import { type Config, describeConfig, parseConfig, type SettingLine } from "@holdfast/contract";
import type { Command } from "commander";
import pc from "picocolors";
import type { Finding } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";

const MARKS: Readonly<Record<Finding["level"], string>> = {
  ok: pc.green("ok  "),
  warn: pc.yellow("warn"),
  fail: pc.red("FAIL"),
};

const NAME_WIDTH = 30;
const VALUE_WIDTH = 22;

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
        const lines = ["Settings, from the environment:", ...settings.map(settingText)];
        process.stdout.write(`${[...findings.flatMap(wordsOf), "", ...lines, "", verdict(findings)].join("\n")}\n`);
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

function settingText({ name, value, description, isDefault }: SettingLine): string {
  const shown = value === "" ? "not set" : isDefault ? `${value} (default)` : value;
  return `  ${name.padEnd(NAME_WIDTH)}  ${shown.padEnd(VALUE_WIDTH)}  ${pc.dim(description.replace(/^secret: /, ""))}`;
}

/** The last line, which is what stays in view. */
function verdict(findings: readonly Finding[]): string {
  const failed = findings.filter(({ level }) => level === "fail").length;
  const warned = findings.filter(({ level }) => level === "warn").length;
  if (failed > 0) return `${failed === 1 ? "One thing is" : `${failed} things are`} wrong; look for FAIL above.`;
  if (warned > 0) return "Nothing is wrong; look for warn above.";
  return "Nothing is wrong.";
}

function wordsOf({ check, level, found, advice }: Finding): string[] {
  const line = `${MARKS[level]}  ${check.padEnd(15)} ${found}`;
  return advice === undefined ? [line] : [line, `      ${" ".repeat(15)} → ${advice}`];
}
