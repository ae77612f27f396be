/** What fair use means for the person who looks; and for the owner of the server, who was noticed, and what to do about it. */
import type { ServerFacts } from "@holdfast/contract";
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type JSX } from "react";
import { duration } from "../i18n/amounts.ts";
import { type Message, type MessageId, message } from "../i18n/message.ts";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { FlaggedAccounts } from "./flagged-accounts.tsx";
import { FAIR_USE, SERVER_FACTS } from "./keys.ts";
import classes from "./settings.module.css";
import { type FairUseState, getFairUse } from "./settings-api.ts";
import { SubPage } from "./sub-page.tsx";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function FairUsePage(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const facts = useQuery({ queryKey: SERVER_FACTS, queryFn: ({ signal }) => api.getServerFacts(signal) });
  const state = useQuery({ queryKey: FAIR_USE, queryFn: ({ signal }) => getFairUse(api, signal) });
  const failed = [facts, state].find((each) => each.isError);
  return (
    <SubPage name="server.fair_use">
      <Text c="dimmed">{t("fair_use.text")}</Text>
      {failed !== undefined && <Failure error={failed.error} onAgain={() => void failed.refetch()} />}
      {failed === undefined && (facts.isPending || state.isPending) && <Skeleton height={200} radius="lg" />}
      {facts.data !== undefined && state.data !== undefined && (
        <OwnState fairUse={facts.data.fair_use} state={state.data} />
      )}
      {facts.data?.you_are_owner === true && <FlaggedAccounts isEnforced={facts.data.fair_use.enabled} />}
    </SubPage>
  );
}

interface OwnStateProps {
  readonly fairUse: ServerFacts["fair_use"];
  readonly state: FairUseState;
}

function OwnState({ fairUse: { enabled, applies_to_you }, state }: OwnStateProps): JSX.Element {
  const { t, say } = useWords();
  const { limits, dg_budget } = state;
  const rows: readonly (readonly [name: MessageId, usedMs: number, mostMs: number])[] = [
    ["fair_use.day", state.speech_hours_today * HOUR_MS, limits.daily_hours * HOUR_MS],
    ["fair_use.three_days", state.speech_hours_3day * HOUR_MS, limits.three_day_hours * HOUR_MS],
    ["fair_use.week", state.speech_hours_weekly * HOUR_MS, limits.weekly_hours * HOUR_MS],
    ...(state.stage === "restrict" && dg_budget.daily_limit_ms > 0
      ? [["fair_use.budget", dg_budget.used_ms, dg_budget.daily_limit_ms] as const]
      : []),
  ];
  return (
    <div className={classes.card} data-testid="fair-use">
      <Text>{t(stateWords(enabled, applies_to_you, state))}</Text>
      {state.case_ref !== "" && <Text size="sm">{t("fair_use.case", { ref: state.case_ref })}</Text>}
      {applies_to_you && (
        <dl className={classes.facts}>
          {rows.map(([name, usedMs, mostMs]) => (
            <Fragment key={name}>
              <dt>{t(name)}</dt>
              <dd>{say(usedWords(usedMs, mostMs))}</dd>
            </Fragment>
          ))}
        </dl>
      )}
    </div>
  );
}

function stateWords(isEnabled: boolean, appliesToMe: boolean, { stage }: FairUseState): MessageId {
  if (!isEnabled) return "fair_use.off";
  return appliesToMe ? `fair_use.state.${stage}` : "server.fair_use.none";
}

/** In whole minutes. */
function usedWords(usedMs: number, mostMs: number): Message {
  const minutes = Math.round(usedMs / MINUTE_MS);
  if (minutes < 1) return message("fair_use.used.little", { most: duration(mostMs) });
  return message("fair_use.used", { used: duration(minutes * MINUTE_MS), most: duration(mostMs) });
}
