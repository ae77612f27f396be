/**
 * The work of the whole server, for its owner: what is in work, what waits and why, what gave up, and asking again for that. It
 * is read anew every few seconds; while the server does not answer, what it said last stays on show, with the time of it.
 */
import type { QueueJob, QueueView } from "@holdfast/contract";
import { isHoldfastError } from "@holdfast/contract";
import { Alert, Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { JSX } from "react";
import { StateBadge } from "../conversations/state-badge.tsx";
import { timeOfDay } from "../i18n/amounts.ts";
import { message, sentences } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import classes from "./queue-page.module.css";
import { headline, jobFacts, jobWords, laneWords, refusalWords } from "./queue-words.ts";

const QUEUE = ["queue"];
const BUSY_MS = 3_000;
const CALM_MS = 15_000;

export function QueuePage(): JSX.Element {
  const { api } = useServices();
  const { t, say } = useWords();
  const queue = useQuery({
    queryKey: QUEUE,
    queryFn: ({ signal }) => api.getQueue(signal),
    refetchInterval: ({ state: { data } }) => (data === undefined || data.jobs.length > 0 ? BUSY_MS : CALM_MS),
  });
  usePageTitle(t("queue.title"));
  const isForbidden = isHoldfastError(queue.error) && queue.error.code === "owner_only";
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          {t("queue.title")}
        </Title>
        <Text c="dimmed" role="status">
          {queue.data === undefined ? t("queue.intro") : say(headline(queue.data))}
        </Text>
      </div>
      {isForbidden ? (
        <Text>{t("queue.owner_only")}</Text>
      ) : (
        <>
          {queue.isError && <Unanswered saidAtMs={queue.dataUpdatedAt} />}
          {queue.data !== undefined ? (
            <Work queue={queue.data} />
          ) : (
            !queue.isError && <Skeleton height={160} radius="lg" />
          )}
        </>
      )}
    </Stack>
  );
}

function Unanswered({ saidAtMs }: { readonly saidAtMs: number }): JSX.Element {
  const { t, say } = useWords();
  const asked = message("queue.unanswered.text");
  const said = message("queue.unanswered.said", { time: timeOfDay(new Date(saidAtMs)) });
  return (
    <Alert color="gray" role="alert" title={t("queue.unanswered.title")}>
      {say(saidAtMs > 0 ? sentences(asked, said) : asked)}
    </Alert>
  );
}

function Work({ queue }: { readonly queue: QueueView }): JSX.Element {
  const { t, say } = useWords();
  const lanes = (["fresh", "backfill"] as const).map((lane) => [lane, laneWords(queue, lane)] as const);
  return (
    <>
      {lanes.map(([lane, words]) => words !== undefined && <Text key={lane}>{say(words)}</Text>)}
      {queue.gave_up.length > 0 && (
        <section aria-labelledby="gave-up">
          <Title order={2} size="h4" id="gave-up" mb="xs">
            {t("queue.gave_up")}
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            {t("queue.gave_up.text")}
          </Text>
          <Jobs jobs={queue.gave_up} />
        </section>
      )}
      {queue.jobs.length > 0 && (
        <section aria-labelledby="open">
          <Title order={2} size="h4" id="open" mb="xs">
            {t("queue.open")}
          </Title>
          <Jobs jobs={queue.jobs} />
          {queue.more > 0 && (
            <Text size="sm" c="dimmed" mt="sm">
              {t("queue.more", { count: queue.more })}
            </Text>
          )}
        </section>
      )}
    </>
  );
}

function Jobs({ jobs }: { readonly jobs: readonly QueueJob[] }): JSX.Element {
  return (
    <ul className={cards.list}>
      {jobs.map((job) => (
        <Job key={job.id} job={job} />
      ))}
    </ul>
  );
}

function Job({ job }: { readonly job: QueueJob }): JSX.Element {
  const { say } = useWords();
  const nowMs = Date.now();
  const { what, state, tone } = jobWords(job, nowMs);
  const gaveUp = job.state === "failed" || job.state === "dead_letter";
  const name = say(what);
  return (
    <li className={cards.card} data-testid="job" data-state={job.state}>
      <div className={`${cards.body} ${classes.body}`}>
        <Text fw={550}>
          {job.conversation_id === null || gaveUp ? (
            name
          ) : (
            <Link to="/conversations/$id" params={{ id: job.conversation_id }} className={classes.link}>
              {name}
            </Link>
          )}
        </Text>
        <Text size="sm">{say(state)}</Text>
        <Text size="sm" c="dimmed">
          {say(jobFacts(job, nowMs))}
        </Text>
      </div>
      {gaveUp ? <Again id={job.id} what={name} /> : <StateBadge word={`queue.badge.${tone}`} tone={tone} />}
    </li>
  );
}

function Again({ id, what }: { readonly id: string; readonly what: string }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () => api.retryJob(id),
    onSettled: () => queries.invalidateQueries({ queryKey: QUEUE }),
  });
  return (
    <div className={classes.again}>
      <Button
        size="compact-sm"
        variant="light"
        loading={retry.isPending}
        onClick={() => retry.mutate()}
        aria-label={t("queue.again.label", { what })}
      >
        {t("queue.again")}
      </Button>
      {retry.isError && (
        <Text size="sm" role="alert" c="red">
          {t(refusalWords(isHoldfastError(retry.error) ? retry.error.code : undefined))}
        </Text>
      )}
    </div>
  );
}
