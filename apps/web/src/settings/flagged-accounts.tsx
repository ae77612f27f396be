/** For the owner of the server: whose use of speech was noticed, at which stage they are, and another one for them. */
import { Button, NativeSelect, Skeleton, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { JSX } from "react";
import { useWords } from "../i18n/use-words.tsx";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { FAIR_USE, FLAGGED } from "./keys.ts";
import classes from "./settings.module.css";
import { type FlaggedAccount, listFlagged, resetAccount, STAGES, type Stage, setStage } from "./settings-api.ts";

export function FlaggedAccounts({ isEnforced }: { readonly isEnforced: boolean }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const flagged = useQuery({ queryKey: FLAGGED, queryFn: ({ signal }) => listFlagged(api, signal) });
  return (
    <section aria-labelledby="flagged" className={classes.card} data-testid="flagged">
      <Title order={2} size="h4" id="flagged">
        {t("fair_use.accounts")}
      </Title>
      <Text size="sm" c="dimmed">
        {isEnforced
          ? t("fair_use.accounts.enforced")
          : t("fair_use.accounts.not_enforced", { setting: "FAIR_USE_ENABLED" })}
      </Text>
      {flagged.isError && <Failure error={flagged.error} onAgain={() => void flagged.refetch()} />}
      {flagged.isPending && <Skeleton height={80} radius="lg" />}
      {flagged.data?.length === 0 && <Text>{t("fair_use.accounts.none")}</Text>}
      {flagged.data !== undefined && flagged.data.length > 0 && (
        <ul className={cards.list}>
          {flagged.data.map((account) => (
            <Account key={account.uid} account={account} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Account({ account: { uid, stage, violation_count_30d } }: { readonly account: FlaggedAccount }): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: async (decision: Stage | "reset") =>
      decision === "reset" ? await resetAccount(api, uid) : await setStage(api, uid, decision),
    onSettled: () => queries.invalidateQueries({ queryKey: FAIR_USE }),
  });
  const asked = decide.isPending && decide.variables !== "reset" ? decide.variables : stage;
  return (
    <li className={cards.card} data-testid="account">
      <div className={cards.body}>
        <div className={classes.form}>
          <Text fw={550} className={classes.name}>
            <bdi>{uid}</bdi>
          </Text>
          <Text size="sm" c="dimmed">
            {t("fair_use.noticed", { count: violation_count_30d })}
          </Text>
          <div className={classes.copy}>
            <NativeSelect
              aria-label={t("fair_use.stage", { user: uid })}
              value={asked}
              data={STAGES.map((each) => ({ value: each, label: t(`fair_use.stage.${each}`) }))}
              onChange={({ currentTarget: { value } }) => {
                const chosen = STAGES.find((each) => each === value);
                if (chosen !== undefined) decide.mutate(chosen);
              }}
            />
            <Button variant="default" loading={decide.isPending} onClick={() => decide.mutate("reset")}>
              {t("fair_use.reset")}
            </Button>
          </div>
          {decide.isError && <Failure error={decide.error} />}
        </div>
      </div>
    </li>
  );
}
