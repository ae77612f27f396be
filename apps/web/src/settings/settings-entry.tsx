/** The way from the settings to a page of its own. */
import { Text } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import type { MessageId } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import classes from "./settings.module.css";

interface Props {
  readonly to: `/settings/${"tokens" | "data" | "server" | "developer" | "speech" | "webhooks" | "fair-use" | "model"}`;
  readonly name: MessageId;
  readonly text: MessageId;
}

export function SettingsEntry({ to, name, text }: Props): JSX.Element {
  const { t } = useWords();
  return (
    <Link to={to} className={classes.entry}>
      <span>
        <Text component="span" fw={550}>
          {t(name)}
        </Text>
        <Text component="span" size="sm" c="dimmed" display="block">
          {t(text)}
        </Text>
      </span>
      <IconChevronRight size={20} aria-hidden data-points />
    </Link>
  );
}
