/** Asks the server to try its language model out, and says what came back. */
import { isHoldfastError, LANGUAGE_MODEL_TEST, type LanguageModelTest } from "@holdfast/contract";
import { Alert, Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { JSX } from "react";
import { duration } from "../i18n/amounts.ts";
import { type Message, message } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import classes from "./settings.module.css";
import { testModel } from "./settings-api.ts";

export function ModelTest(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const test = useMutation({ mutationFn: () => testModel(api) });
  const isAway = isHoldfastError(test.error) && test.error.code === "pusher_unreachable";
  return (
    <section aria-label={t("model.test")} className={classes.card}>
      <div>
        <Button variant="light" loading={test.isPending} onClick={() => test.mutate()}>
          {t("model.test")}
        </Button>
      </div>
      {test.isError && <Failure error={test.error} why={isAway ? message("model.test.no_pusher") : undefined} />}
      {test.data !== undefined && <Result result={test.data} />}
    </section>
  );
}

function Result({ result }: { readonly result: LanguageModelTest }): JSX.Element {
  const { say } = useWords();
  if (result.outcome === "answered") return <Text role="status">{say(answerWords(result))}</Text>;
  return (
    <Alert color="red" role="alert">
      {say(FAILURES[result.code])}
      {/* What the other server or the system said; nothing is decided on it. */}
      <Text size="sm" c="dimmed" dir="ltr" ta="start" className={classes.name}>
        <code>{result.detail}</code>
      </Text>
    </Alert>
  );
}

function answerWords({ took_ms, title }: Extract<LanguageModelTest, { readonly outcome: "answered" }>): Message {
  return message("model.test.answered", { length: duration(took_ms), title });
}

type FailureCode = Extract<LanguageModelTest, { readonly outcome: "failed" }>["code"];

const FAILURES: Readonly<Record<FailureCode, Message>> = {
  llm_unavailable: message("queue.reason.llm_unavailable"),
  llm_invalid_answer: message("queue.reason.llm_invalid_answer"),
  llm_refused_key: message("model.test.refused_key"),
  llm_refused: message("model.test.refused"),
  llm_timeout: message("model.test.timeout", { length: duration(LANGUAGE_MODEL_TEST.timeoutMs) }),
  llm_not_configured: message("server.model.none"),
};
