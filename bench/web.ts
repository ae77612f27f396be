/**
 * The figures of the page in a real Chromium against the real server, each against the target it must reach:
 *
 *   node bench/web.ts [list] [scroll] [words] [--conversations 5000] [--recordings 50000] [--rounds 5] [--seconds 100]
 */
import { parseArgs } from "node:util";
import { runFigures, sayMachine } from "./run-figures.ts";
import { measureList } from "./web/list.ts";
import { measureScroll } from "./web/scroll.ts";
import { measureWords } from "./web/words.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    conversations: { type: "string", default: "5000" },
    recordings: { type: "string", default: "50000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "100" },
  },
});

const figures = {
  list: () => measureList(Number(values.conversations), Number(values.rounds)),
  scroll: () => measureScroll(Number(values.recordings)),
  words: () => measureWords(Number(values.seconds)),
};

sayMachine();
await runFigures(figures, positionals);
