/** The language model of the whole server, for its owner: where it is, whether there is a key, and what it says to a test. */
import { isHoldfastError, type LanguageModelSetting } from "@holdfast/contract";
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { JSX } from "react";
import { Rich, useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import { Failure } from "./failure.tsx";
import { MODEL } from "./keys.ts";
import { ModelForm } from "./model-form.tsx";
import { ModelTest } from "./model-test.tsx";
import classes from "./settings.module.css";
import { getModel } from "./settings-api.ts";
import { SubPage } from "./sub-page.tsx";

const SETTING = "HOLDFAST_LLM_URL";

export function ModelPage(): JSX.Element {
  const { api } = useServices();
  const { t } = useWords();
  const model = useQuery({ queryKey: MODEL, queryFn: ({ signal }) => getModel(api, signal) });
  const isForbidden = isHoldfastError(model.error) && model.error.code === "owner_only";
  return (
    <SubPage name="server.model">
      <Text c="dimmed">{t("model.text")}</Text>
      {isForbidden && <Text>{t("settings.owner_only")}</Text>}
      {model.isError && !isForbidden && <Failure error={model.error} onAgain={() => void model.refetch()} />}
      {model.isPending && <Skeleton height={240} radius="lg" />}
      {model.data !== undefined && <Model model={model.data} />}
    </SubPage>
  );
}

function Model({ model }: { readonly model: LanguageModelSetting }): JSX.Element {
  const { t } = useWords();
  return (
    <>
      <div className={classes.card} data-testid="language-model">
        {model.origin === "none" && <Text>{t("server.model.none")}</Text>}
        {model.origin === "environment" ? (
          <>
            <Text fw={550} className={classes.name} dir="ltr" ta="start">
              {[model.url, model.model].join(" · ")}
            </Text>
            <Text>
              <Rich id="model.environment" values={{ setting: <code>{SETTING}</code> }} />
            </Text>
          </>
        ) : (
          <ModelForm model={model} />
        )}
      </div>
      {model.origin !== "none" && <ModelTest key={`${model.url} ${model.model}`} />}
    </>
  );
}
