/** Says that a request failed, and why by its code. */
import { isHoldfastError } from "@holdfast/contract";
import { Alert, Button } from "@mantine/core";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { whyWords } from "../sync/why-words.ts";

interface Props {
  readonly error: unknown;
  readonly onAgain?: () => void;
}

export function Failure({ error, onAgain }: Props): JSX.Element {
  const { t } = useWords();
  return (
    <Alert color="red" role="alert">
      {t("settings.failed", { why: whyWords(isHoldfastError(error) ? error.code : "unexpected") })}
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
