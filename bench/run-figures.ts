/** What the scripts of figures share: they say on which machine they run, and measure what was asked for, one after the other. */
import { cpus, loadavg, totalmem } from "node:os";

export type Figures = Readonly<Record<string, () => Promise<void>>>;

/** `settings`: what else decides about the numbers. */
export function sayMachine(settings = ""): void {
  const cpu = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(
    `machine   ${cpu.length} x ${cpu[0]?.model ?? "unknown"}, ${memory} GiB, Node ${process.version}${settings}`,
  );
}

/** All of them where none is named. */
export async function runFigures(figures: Figures, names: readonly string[]): Promise<void> {
  // The timers of the product's clock keep nothing alive, and PostgreSQL is waited for with them.
  const alive = setInterval(() => {}, 60_000);
  for (const [name, measure] of Object.entries(figures)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n${name} (load average before: ${loadavg()[0]?.toFixed(1)})`);
    await measure();
  }
  clearInterval(alive);
}
