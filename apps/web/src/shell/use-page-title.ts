/** Names the page in the browser's tab and for screen readers. */
import { useEffect } from "react";
import { useWords } from "../i18n/use-words.tsx";

export function usePageTitle(title: string): void {
  const { t } = useWords();
  const shown = title === "" ? "Holdfast" : t("shell.page_title", { page: title });
  useEffect(() => {
    document.title = shown;
  }, [shown]);
}
