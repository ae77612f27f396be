/**
 * A conversation as others read it by its share link: without an account, without anything that can be changed. Once it is not
 * shared any more, the page says only that nothing is.
 */
import type { SharedConversation } from "@holdfast/contract";
import { Alert, Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { clockTime, dateAndTime, duration } from "../i18n/amounts.ts";
import { message, type Text as Said } from "../i18n/message.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { Mark } from "../shell/mark.tsx";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import page from "./conversation-page.module.css";
import { isGone } from "./reading.ts";
import classes from "./shared-page.module.css";
import { lengthMs } from "./shown-title.ts";
import words from "./transcript.module.css";

type Line = SharedConversation["segments"][number];

export function SharedPage({ shareKey }: { readonly shareKey: string }): JSX.Element {
  const { t } = useWords();
  const { api } = useServices();
  const { data, error, refetch } = useQuery({
    queryKey: ["shared", shareKey],
    queryFn: ({ signal }) => api.getShared(shareKey, signal),
  });
  return (
    <main className={classes.page}>
      <p className={classes.mark}>
        <Mark size={24} /> Holdfast
      </p>
      {isGone(error) ? (
        <Note title={t("shared.gone.title")} text={t("shared.gone.text")} />
      ) : data !== undefined ? (
        <Shown shared={data} />
      ) : error !== null ? (
        <Alert color="gray" role="alert">
          <Title order={1} size="h5" mb="xs">
            {t("conversation.not_loaded")}
          </Title>
          <Button size="compact-md" variant="light" onClick={() => void refetch()}>
            {t("shell.try_again")}
          </Button>
        </Alert>
      ) : (
        <Skeleton height={160} radius="lg" />
      )}
    </main>
  );
}

function Note({ title, text }: { readonly title: string; readonly text: string }): JSX.Element {
  usePageTitle(title);
  return (
    <Stack gap={4} align="center" ta="center" py="xl">
      <Title order={1} size="h3">
        {title}
      </Title>
      <Text c="dimmed">{text}</Text>
    </Stack>
  );
}

function Shown({ shared }: { readonly shared: SharedConversation }): JSX.Element {
  const { t, amount } = useWords();
  const title = shared.title === "" ? t("conversation.untitled") : shared.title;
  usePageTitle(title);
  const began = new Date(shared.started_at);
  const length = lengthMs(shared);
  const time = <time dateTime={began.toISOString()}>{amount(dateAndTime(began))}</time>;
  return (
    <Stack gap="md">
      <div className={page.header}>
        <Title order={1} size="h2" dir="auto">
          {title}
        </Title>
        <Text c="dimmed" size="sm">
          {length > 0 ? <Rich id="shell.two_facts" values={{ first: time, second: duration(length) }} /> : time}
        </Text>
      </div>
      {shared.overview !== "" && (
        <section className={page.card} aria-labelledby="summary">
          <Title order={2} id="summary" size="h5" mb={8}>
            {t("conversation.summary")}
          </Title>
          <Text className={page.overview} dir="auto">
            {shared.overview}
          </Text>
        </section>
      )}
      <Tasks items={shared.action_items} />
      <section aria-labelledby="transcript" className={page.words}>
        <Title order={2} id="transcript" size="h5" mb="sm">
          {t("conversation.transcript")}
        </Title>
        {shared.segments.length === 0 ? <Text c="dimmed">{t("conversation.nothing_said")}</Text> : null}
        <ol className={words.transcript} aria-labelledby="transcript">
          {shared.segments.map((line, i) => (
            <SharedLine key={line.id} line={line} isNew={isOther(line, shared.segments[i - 1])} />
          ))}
        </ol>
      </section>
    </Stack>
  );
}

function Tasks({ items }: { readonly items: SharedConversation["action_items"] }): JSX.Element | null {
  const { t } = useWords();
  if (items.length === 0) return null;
  return (
    <section className={page.card} aria-labelledby="to-do">
      <Title order={2} id="to-do" size="h5" mb={8}>
        {t("conversation.to_do")}
      </Title>
      <ul className={page.items}>
        {items.map(({ description, completed }) => (
          <li key={description} className={classes.task}>
            {completed ? (
              <IconCircleCheckFilled size={20} role="img" aria-label={t("conversation.to_do.done")} />
            ) : (
              <IconCircle size={20} role="img" aria-label={t("conversation.to_do.open")} />
            )}
            <span dir="auto">{description}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SharedLine({ line, isNew }: { readonly line: Line; readonly isNew: boolean }): JSX.Element {
  const { say, amount } = useWords();
  return (
    <li className={words.segment}>
      <span className={words.time}>{amount(clockTime(line.start * 1000))}</span>
      <div>
        {isNew && (
          <p className={classes.speaker}>
            <bdi>{say(nameOf(line))}</bdi>
          </p>
        )}
        <p className={words.text} dir="auto">
          {line.text}
        </p>
      </div>
    </li>
  );
}

function nameOf({ is_owner, name, speaker_id }: Line): Said {
  if (is_owner) return message("shared.owner");
  return name ?? message("conversation.speaker", { number: speaker_id + 1 });
}

function isOther(line: Line, before: Line | undefined): boolean {
  return line.speaker_id !== before?.speaker_id || line.is_owner !== before.is_owner || line.name !== before.name;
}
