/**
 * Where a command writes. People get text on standard output, and on a terminal one line at the bottom that changes in place;
 * with `--json` standard output carries nothing but JSON, one document per line, and the text goes to standard error.
 */
import { stripVTControlCharacters } from "node:util";

export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ScreenOptions {
  readonly json: boolean;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

const ERASE_LINE = "\r\u001b[2K";
const DEFAULT_COLUMNS = 80;

export class Screen {
  readonly #options: ScreenOptions;
  readonly #text: TextStream;
  #live = "";

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#text = options.json ? options.stderr : options.stdout;
  }

  get isJson(): boolean {
    return this.#options.json;
  }

  /** Whether the line at the bottom is shown. */
  get isInteractive(): boolean {
    return this.#text.isTTY === true;
  }

  /** One or more finished lines for a person. */
  line(text: string): void {
    const shown = this.#live;
    this.live("");
    this.#text.write(`${text}\n`);
    this.live(shown);
  }

  /** The line at the bottom; only its end is shown where it is too long. Nothing on a pipe. */
  live(text: string): void {
    if (!this.isInteractive) return;
    const room = (this.#text.columns ?? DEFAULT_COLUMNS) - 1;
    const plain = stripVTControlCharacters(text);
    const fitting = plain.length <= room ? text : `…${plain.slice(plain.length - room + 1)}`;
    if (this.#live === "" && text === "") return;
    this.#live = text;
    this.#text.write(`${ERASE_LINE}${fitting}`);
  }

  /** One JSON document; nothing without `--json`. */
  json(document: unknown): void {
    if (this.#options.json) this.#options.stdout.write(`${JSON.stringify(document)}\n`);
  }
}
