/** One conversation in the list: what it was about, when, how long, and if it is not finished, why. */

import type { Conversation } from "@holdfast/contract";
import { Text } from "@mantine/core";
import { IconStarFilled } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { duration, timeOfDay } from "../i18n/amounts.ts";
import { useWords } from "../i18n/use-words.tsx";
import { beganAt } from "./by-day.ts";
import { CategoryIcon } from "./category-icon.tsx";
import classes from "./conversation-row.module.css";
import { firstWords, lengthMs, shownTitle } from "./shown-title.ts";
import { StateBadge } from "./state-badge.tsx";
import { stateWords } from "./state-words.ts";

export function ConversationRow({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { t, say } = useWords();
  const words = stateWords(conversation);
  const { category, overview } = conversation.structured;
  return (
    <li className={classes.row} data-testid="conversation" data-state={conversation.status}>
      <span className={classes.picture}>
        <CategoryIcon category={category} />
      </span>
      <div className={classes.body}>
        <div className={classes.head}>
          <Link to="/conversations/$id" params={{ id: conversation.id }} className={classes.title}>
            <bdi>{say(shownTitle(conversation))}</bdi>
          </Link>
          {conversation.starred && (
            <IconStarFilled size={15} className={classes.star} role="img" aria-label={t("conversation.starred")} />
          )}
          <When conversation={conversation} />
        </div>
        <Text size="sm" c="dimmed" lineClamp={2} dir="auto">
          {overview === "" ? firstWords(conversation) : overview}
        </Text>
        {words !== null && !words.isNote && (
          <div className={classes.state}>
            <StateBadge word={words.label} tone={words.tone} />
            <Text component="span" size="sm" c="dimmed">
              {say(words.reason)}
            </Text>
          </div>
        )}
      </div>
    </li>
  );
}

function When({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const began = beganAt(conversation);
  const length = lengthMs(conversation);
  const { amount } = useWords();
  return (
    <span className={classes.when}>
      {length > 0 && <span className={classes.length}>{amount(duration(length))}</span>}
      <time dateTime={began.toISOString()}>{amount(timeOfDay(began))}</time>
    </span>
  );
}
