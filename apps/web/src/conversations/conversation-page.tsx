/**
 * One conversation: its title, its state if it is not finished, its summary, things to do,
 * what was learned from it, its words with their sound, and what can be done with it.
 */

import type { Conversation } from "@holdfast/contract";
import { ActionIcon, Alert, Badge, Button, Group, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconStar, IconStarFilled, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type JSX, useState } from "react";
import { dateAndTime, duration } from "../i18n/amounts.ts";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { NotFound } from "../shell/not-found.tsx";
import { usePageTitle } from "../shell/use-page-title.ts";
import { beganAt } from "./by-day.ts";
import classes from "./conversation-page.module.css";
import { DeleteDialog } from "./delete-dialog.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { Memories } from "./memories.tsx";
import { MoreMenu } from "./more-menu.tsx";
import { useConversation, useDelete, useRename, useReprocess, useStar } from "./queries.ts";
import { isGone } from "./reading.ts";
import { lengthMs, shownTitle } from "./shown-title.ts";
import { soundSpans } from "./sound-place.ts";
import { StateBadge } from "./state-badge.tsx";
import { stateWords } from "./state-words.ts";
import { ActionItems, Summary } from "./summary.tsx";
import { TitleEditor } from "./title-editor.tsx";
import { Transcript } from "./transcript.tsx";
import { type Saving, useExport } from "./use-export.ts";

/** Another conversation is another page: what was typed into one is never carried into the next. */
export function ConversationRoute(): JSX.Element {
  const { id } = useParams({ from: "/conversations/$id" });
  return <ConversationPage key={id} id={id} />;
}

function ConversationPage({ id }: { readonly id: string }): JSX.Element {
  const { t } = useWords();
  const { data, error, refetch } = useConversation(id);
  const save = useExport(id);
  if (isGone(error)) return <NotFound what="conversation" />;
  return (
    <Stack gap="md">
      <div className={classes.bar}>
        <Link to="/" className={classes.back}>
          <IconArrowLeft size={18} aria-hidden data-points />
          {t("conversation.all")}
        </Link>
        {data !== undefined && <Actions conversation={data} save={save} />}
      </div>
      {save.isError && (
        <Text size="sm" role="alert" c="red">
          {t("conversation.export.failed")}
        </Text>
      )}
      {data !== undefined ? (
        <Loaded conversation={data} />
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
    </Stack>
  );
}

function Loaded({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { t, say } = useWords();
  const rename = useRename(conversation.id);
  // Until the server has answered, what was asked for is shown.
  const title = rename.isPending ? rename.variables : conversation.structured.title;
  const shown = title === "" ? say(shownTitle(conversation)) : title;
  usePageTitle(shown);
  return (
    <>
      <div className={classes.header}>
        <TitleEditor title={title} shown={shown} onRename={(wanted) => rename.mutate(wanted)} />
        <When conversation={conversation} />
        {rename.isError && (
          <Text size="sm" role="alert" c="red">
            {t("conversation.not_renamed")}
          </Text>
        )}
      </div>
      <State conversation={conversation} />
      <Summary conversation={conversation} />
      <ActionItems conversationId={conversation.id} items={conversation.structured.action_items} />
      <Memories conversation={conversation} />
      <Words conversation={conversation} />
    </>
  );
}

function When({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const began = beganAt(conversation);
  const length = lengthMs(conversation);
  const { t, amount } = useWords();
  const time = <time dateTime={began.toISOString()}>{amount(dateAndTime(began))}</time>;
  return (
    <Text component="div" c="dimmed" size="sm" className={classes.when}>
      <span>
        {length > 0 ? <Rich id="shell.two_facts" values={{ first: time, second: duration(length) }} /> : time}
      </span>
      {conversation.visibility !== "private" && (
        <Badge variant="light" color="gray" tt="none" className={classes.kind}>
          {t("conversation.shared")}
        </Badge>
      )}
    </Text>
  );
}

interface ActionsProps {
  readonly conversation: Conversation;
  readonly save: Saving;
}

function Actions({ conversation, save }: ActionsProps): JSX.Element {
  const { id, starred } = conversation;
  const { t } = useWords();
  const navigate = useNavigate();
  const star = useStar(id);
  const remove = useDelete(id);
  const [isAsking, setAsking] = useState(false);
  const isStarred = star.isPending ? star.variables : starred;
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={isStarred ? t("conversation.unstar") : t("conversation.star")}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t("conversation.star")}
          aria-pressed={isStarred}
          onClick={() => star.mutate(!isStarred)}
        >
          {isStarred ? <IconStarFilled size={20} className={classes.star} /> : <IconStar size={20} />}
        </ActionIcon>
      </Tooltip>
      <ExportMenu hasSound={soundSpans(conversation).length > 0} isSaving={save.isPending} onSave={save.save} />
      <Tooltip label={t("conversation.delete")}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={t("conversation.delete")}
          onClick={() => setAsking(true)}
        >
          <IconTrash size={20} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <MoreMenu conversation={conversation} />
      <DeleteDialog
        opened={isAsking}
        isDeleting={remove.isPending}
        hasFailed={remove.isError}
        onClose={() => setAsking(false)}
        onDelete={() => remove.mutate(undefined, { onSuccess: () => void navigate({ to: "/" }) })}
      />
    </Group>
  );
}

function State({ conversation }: { readonly conversation: Conversation }): JSX.Element | null {
  const { t, say } = useWords();
  const reprocess = useReprocess(conversation.id);
  const words = stateWords(conversation);
  if (words === null) return null;
  return (
    <div className={classes.state} role="status" data-testid="state" data-state={conversation.status}>
      <StateBadge word={words.label} tone={words.tone} />
      <Text component="span" size="sm">
        {say(words.reason)}
      </Text>
      {conversation.status === "failed" && (
        // Nothing would be lost, so nothing is asked.
        <Button size="compact-sm" variant="light" loading={reprocess.isPending} onClick={() => reprocess.mutate()}>
          {t("conversation.reprocess")}
        </Button>
      )}
      {reprocess.isError && (
        <Text size="sm" role="alert" c="red">
          {t("conversation.reprocess.failed")}
        </Text>
      )}
    </div>
  );
}

function Words({ conversation }: { readonly conversation: Conversation }): JSX.Element {
  const { t } = useWords();
  const { transcript_segments: segments } = conversation;
  return (
    <section aria-labelledby="transcript" className={classes.words}>
      <Title order={2} id="transcript" size="h5" mb="sm">
        {t("conversation.transcript")}
      </Title>
      {segments.length === 0 ? (
        <Text c="dimmed">
          {stateWords(conversation)?.unfinished === true
            ? t("conversation.words_appear")
            : t("conversation.nothing_said")}
        </Text>
      ) : (
        <Transcript conversation={conversation} />
      )}
    </section>
  );
}
