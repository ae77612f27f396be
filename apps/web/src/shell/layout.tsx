/** The frame around every route: skip link, header, the drop zone over the whole page, and the running recording's sign. */
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { IconListCheck, IconLogout, IconSettings } from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { type JSX, useEffect, useRef } from "react";
import { RecordingSign } from "../capture/recording-sign.tsx";
import { useWords } from "../i18n/use-words.tsx";
import { UpdateNote } from "../pwa/update-note.tsx";
import { SyncSign } from "../sync/sync-sign.tsx";
import { DropAnywhere } from "../uploads/drop-anywhere.tsx";
import classes from "./layout.module.css";
import { Mark } from "./mark.tsx";
import { useServices } from "./services.ts";

export function Layout(): JSX.Element {
  const { session, queries } = useServices();
  const { t } = useWords();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useFocusOnNavigation(path);
  const signOut = (): void => {
    session.signOut();
    queries.clear();
  };
  return (
    <>
      <a className={classes.skip} href="#main">
        {t("shell.skip")}
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Link to="/" className={classes.home}>
            <Mark size={28} />
            <Text component="span" fw={650} className={classes.name}>
              Holdfast
            </Text>
          </Link>
          <Group gap="xs" wrap="nowrap" className={classes.tools}>
            {path !== "/" && <RecordingSign />}
            <SyncSign isHere={path === "/sync"} />
            <Tooltip label={t("queue.title")}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t("queue.title")}
                aria-current={path === "/queue" ? "page" : undefined}
                renderRoot={(props) => <Link to="/queue" {...props} />}
              >
                <IconListCheck size={20} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("settings.title")}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t("settings.title")}
                aria-current={path === "/settings" ? "page" : undefined}
                renderRoot={(props) => <Link to="/settings" {...props} />}
              >
                <IconSettings size={20} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("shell.sign_out")}>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("shell.sign_out")} onClick={signOut}>
                <IconLogout size={20} aria-hidden data-points />
              </ActionIcon>
            </Tooltip>
          </Group>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <UpdateNote />
        <Outlet />
      </main>
      <DropAnywhere />
    </>
  );
}

/** A new page starts at its top, for the eye and for the keyboard; the first one is left to the browser. */
function useFocusOnNavigation(path: string): React.RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return main;
}
