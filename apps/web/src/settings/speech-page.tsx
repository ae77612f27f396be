/** What the person speaks, and the engines that hear it; the owner of the server says which of them is asked first. */
import type { SpeechEngineSetting, SpeechSetting } from "@holdfast/contract";
import { NativeSelect, Skeleton, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { JSX } from "react";
import { StateBadge } from "../conversations/state-badge.tsx";
import { Rich, useWords } from "../i18n/use-words.tsx";
import cards from "../shell/card-list.module.css";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { SPEECH } from "./keys.ts";
import { engineWords, languageName, languageWords } from "./server-words.ts";
import classes from "./settings.module.css";
import { getSpeech, preferEngine, setLanguage } from "./settings-api.ts";
import { canHear, isKnown, languagesToChoose } from "./speech-words.ts";
import { SubPage } from "./sub-page.tsx";

const SETTING = "HOLDFAST_STT";

export function SpeechPage(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const speech = useQuery({ queryKey: SPEECH, queryFn: ({ signal }) => getSpeech(api, signal) });
  return (
    <SubPage name="speech.title">
      {speech.isError && <Failure error={speech.error} onAgain={() => void speech.refetch()} />}
      {speech.isPending && <Skeleton height={320} radius="lg" />}
      {speech.data !== undefined && (
        <>
          <div className={classes.card}>
            <SpokenLanguage speech={speech.data} />
          </div>
          <section aria-labelledby="engines" className={classes.card} data-testid="engines">
            <Title order={2} size="h4" id="engines">
              {t("speech.engines")}
            </Title>
            {speech.data.engines.length > 1 && (
              <Text size="sm" c="dimmed">
                {t("speech.engines.text")}
              </Text>
            )}
            <ol className={cards.list}>
              {speech.data.engines.map((engine) => (
                <Engine key={engine.key} engine={engine} />
              ))}
            </ol>
            {speech.data.may_choose_engine && <PreferredEngine speech={speech.data} />}
            <Text size="sm" c="dimmed">
              <Rich id="server.set_by" values={{ settings: <code>{SETTING}</code> }} />
            </Text>
          </section>
        </>
      )}
    </SubPage>
  );
}

function SpokenLanguage({ speech }: { readonly speech: SpeechSetting }): JSX.Element {
  const { api } = useServices();
  const { t, locale } = useWords();
  const queries = useQueryClient();
  const choose = useMutation({
    mutationFn: (language: string | null) => setLanguage(api, language),
    onSettled: () => queries.invalidateQueries({ queryKey: SPEECH }),
  });
  const shown = choose.isPending ? choose.variables : speech.language;
  return (
    <>
      <NativeSelect
        label={t("speech.language")}
        description={t("speech.language.text")}
        value={shown ?? ""}
        error={isKnown(speech.engines, shown) ? null : t("speech.language.unknown")}
        onChange={({ currentTarget: { value } }) => choose.mutate(value === "" ? null : value)}
      >
        <option value="">{t("speech.language.unsaid")}</option>
        <option value="multi">{t("speech.language.multi")}</option>
        {languagesToChoose(speech, locale).map((code) => (
          <option key={code} value={code} lang={locale}>
            {languageName(code, locale)}
          </option>
        ))}
      </NativeSelect>
      {choose.isError && <Failure error={choose.error} />}
      <Text size="sm" role="status">
        {choose.isSuccess ? t("settings.saved") : ""}
      </Text>
    </>
  );
}

function Engine({ engine }: { readonly engine: SpeechEngineSetting }): JSX.Element {
  const { say, t, locale } = useWords();
  return (
    <li className={cards.card} data-testid="engine">
      <div className={cards.body}>
        <Text fw={550} className={classes.name}>
          <bdi>{say(engineWords(engine))}</bdi>
        </Text>
        <Text size="sm">{t(canHear(engine))}</Text>
        <Text size="sm" c="dimmed">
          {say(languageWords(engine.languages, locale))}
        </Text>
      </div>
      <StateBadge
        word={engine.answers ? "speech.answers" : "speech.silent"}
        tone={engine.answers ? "quiet" : "attention"}
      />
    </li>
  );
}

function PreferredEngine({ speech }: { readonly speech: SpeechSetting }): JSX.Element {
  const { api } = useServices();
  const { t, say } = useWords();
  const queries = useQueryClient();
  const prefer = useMutation({
    mutationFn: (key: string | null) => preferEngine(api, key),
    onSettled: () => queries.invalidateQueries({ queryKey: SPEECH }),
  });
  const shown = prefer.isPending ? prefer.variables : speech.preferred;
  return (
    <>
      <NativeSelect
        label={t("speech.prefer")}
        description={t("speech.prefer.text")}
        value={shown ?? ""}
        onChange={({ currentTarget: { value } }) => prefer.mutate(value === "" ? null : value)}
      >
        <option value="">{t("speech.prefer.none", { setting: SETTING })}</option>
        {[...speech.engines]
          .sort((a, b) => a.key.localeCompare(b.key))
          .map((engine) => (
            <option key={engine.key} value={engine.key}>
              {say(engineWords(engine))}
            </option>
          ))}
      </NativeSelect>
      {prefer.isError && <Failure error={prefer.error} />}
    </>
  );
}
