/** Says that a request failed, and why by its code, or in better words where the caller has them. */
import { isHoldfastError } from "@holdfast/contract";
import { Alert, Button } from "@mantine/core";
import type { JSX } from "react";
import type { Message } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { whyWords } from "../sync/why-words.ts";

interface Props {
  readonly error: unknown;
  readonly why?: Message | undefined;
  readonly onAgain?: () => void;
}

export function Failure({ error, why, onAgain }: Props): JSX.Element {
  const { t } = useWords();
  return (
    <Alert color="red" role="alert">
      {t("settings.failed", { why: why ?? whyWords(isHoldfastError(error) ? error.code : "unexpected") })}
      {onAgain !== undefined && (
        <div>
          <Button size="compact-sm" variant="default" mt="xs" onClick={onAgain}>
            {t("shell.try_again")}
          </Button>
        </div>
      )}
    </Alert>
  );
}
