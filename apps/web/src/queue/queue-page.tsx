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
import { duration, timeOfDay } from "../shell/amounts.ts";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { usePageTitle } from "../shell/use-page-title.ts";
import classes from "./queue-page.module.css";
import { headline, jobWords, laneWords } from "./queue-words.ts";

const QUEUE = ["queue"];
const BUSY_MS = 3_000;
const CALM_MS = 15_000;

export function QueuePage(): JSX.Element {
  const { api } = useServices();
  const queue = useQuery({
    queryKey: QUEUE,
    queryFn: ({ signal }) => api.getQueue(signal),
    refetchInterval: ({ state: { data } }) => (data === undefined || data.jobs.length > 0 ? BUSY_MS : CALM_MS),
  });
  usePageTitle("Queue");
  const isForbidden = isHoldfastError(queue.error) && queue.error.code === "owner_only";
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          Queue
        </Title>
        <Text c="dimmed" role="status">
          {queue.data === undefined ? "All the work of this server." : headline(queue.data)}
        </Text>
      </div>
      {isForbidden ? (
        <Text>Only the owner of this server sees what it works on.</Text>
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
  return (
    <Alert color="gray" role="alert" title="The server does not answer">
      It is asked again every few seconds.
      {saidAtMs > 0 && ` This is what it said at ${timeOfDay(new Date(saidAtMs))}.`}
    </Alert>
  );
}

function Work({ queue }: { readonly queue: QueueView }): JSX.Element {
  const lanes = (["fresh", "backfill"] as const).map((lane) => laneWords(queue, lane));
  return (
    <>
      {lanes.map((words) => words !== undefined && <Text key={words}>{words}</Text>)}
      {queue.gave_up.length > 0 && (
        <section aria-labelledby="gave-up">
          <Title order={2} size="h4" id="gave-up" mb="xs">
            Gave up
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            What it needs is kept as long as it is in this list. Put right what was wrong, then ask again.
          </Text>
          <Jobs jobs={queue.gave_up} />
        </section>
      )}
      {queue.jobs.length > 0 && (
        <section aria-labelledby="open">
          <Title order={2} size="h4" id="open" mb="xs">
            In work and waiting
          </Title>
          <Jobs jobs={queue.jobs} />
          {queue.more > 0 && (
            <Text size="sm" c="dimmed" mt="sm">
              And {new Intl.NumberFormat().format(queue.more)} more.
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
  const nowMs = Date.now();
  const { what, state, tone } = jobWords(job, nowMs);
  const gaveUp = job.state === "failed" || job.state === "dead_letter";
  const label = { live: "In work", waiting: "Waiting", attention: "Gave up", quiet: "Next" }[tone];
  return (
    <li className={cards.card} data-testid="job" data-state={job.state}>
      <div className={`${cards.body} ${classes.body}`}>
        <Text fw={550}>
          {job.conversation_id === null || gaveUp ? (
            what
          ) : (
            <Link to="/conversations/$id" params={{ id: job.conversation_id }} className={classes.link}>
              {what}
            </Link>
          )}
        </Text>
        <Text size="sm">{state}</Text>
        <Text size="sm" c="dimmed">
          {job.user_id !== null && `For ${job.user_id}. `}
          Since {duration(Math.max(0, nowMs - Date.parse(job.created_at)))}
          {job.attempts > 0 && `, ${job.attempts} ${job.attempts === 1 ? "attempt" : "attempts"} spent`}.
        </Text>
      </div>
      {gaveUp ? (
        <Again id={job.id} what={what} />
      ) : (
        <StateBadge words={{ label, reason: state, tone, unfinished: true }} />
      )}
    </li>
  );
}

function Again({ id, what }: { readonly id: string; readonly what: string }): JSX.Element {
  const { api } = useServices();
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: () => api.retryJob(id),
    onSettled: () => queries.invalidateQueries({ queryKey: QUEUE }),
  });
  return (
    <div className={classes.again}>
      <Button
        size="compact-md"
        variant="light"
        loading={retry.isPending}
        onClick={() => retry.mutate()}
        aria-label={`Ask again: ${what}`}
      >
        Ask again
      </Button>
      {retry.isError && (
        <Text size="sm" role="alert" c="red">
          {isHoldfastError(retry.error) ? retry.error.message : "That did not work just now."}
        </Text>
      )}
    </div>
  );
}
