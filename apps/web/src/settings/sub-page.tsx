/** A page below the settings, with the way back to them. */
import { Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { JSX, ReactNode } from "react";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import classes from "./settings.module.css";

export function SubPage({ name, children }: { readonly name: MessageId; readonly children: ReactNode }): JSX.Element {
  const { t } = useWords();
  usePageTitle(t(name));
  return (
    <Stack gap="lg">
      <div>
        <Link to="/settings" className={classes.back}>
          {t("settings.title")}
        </Link>
        <Title order={1} size="h2">
          {t(name)}
        </Title>
      </div>
      {children}
    </Stack>
  );
}
