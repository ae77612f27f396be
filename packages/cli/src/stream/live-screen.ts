/** Live sound as a person sees it: its words as they come, news of the link, and the conversation at the end. */
import type { LiveCaptureEvent } from "@holdfast/client";
import type { CommandContext } from "../connection/run-command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { conversationText } from "../output/conversation-text.ts";
import { LiveWords } from "../output/live-words.ts";
import { LinkNews } from "./link-news.ts";
import { type LiveOptions, type LiveOutcome, runLive } from "./live-course.ts";

export class LiveScreen {
  readonly #context: CommandContext;
  readonly #words: LiveWords;
  readonly #news = new LinkNews();

  constructor(context: CommandContext) {
    this.#context = context;
    this.#words = new LiveWords(context.screen, "");
  }

  /** Runs it to its end; resolves with the code to end with. */
  async run(options: Omit<LiveOptions, "onEvent" | "onDrained">): Promise<ExitCode> {
    const { screen } = this.#context;
    const outcome = await runLive({
      ...options,
      onEvent: (event, transcript) => {
        screen.json(jsonEvent(event));
        this.#words.show(transcript.segments);
        const news = this.#news.of(event);
        if (news !== undefined) screen.line(news);
      },
      onDrained: (messages) => screen.line(`all ${messages} messages are safe at the server`),
    });
    return this.#end(outcome, options.stop);
  }

  #end({ conversation, conversationIds, transcript }: LiveOutcome, stop: boolean): ExitCode {
    const { screen } = this.#context;
    this.#words.finish(conversation?.transcript_segments ?? transcript.segments);
    screen.json({ type: "result", conversation_ids: conversationIds, conversation: conversation ?? null });
    if (!stop) screen.line(`the conversation is still open: ${conversationIds.at(-1) ?? "none"}`);
    else if (conversation === undefined) screen.line("nothing was said, so there is no conversation");
    else screen.line(`\n${conversationText(conversation)}`);
    return conversation?.status === "failed" ? EXIT.jobFailed : EXIT.ok;
  }
}

/** Errors do not turn into JSON by themselves. */
function jsonEvent(event: LiveCaptureEvent): object {
  if (event.type !== "status") return event;
  const { error, ...rest } = event;
  return { ...rest, error: error === null ? null : { code: error.code, class: error.class, message: error.message } };
}
