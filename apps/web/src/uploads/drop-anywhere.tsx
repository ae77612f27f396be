/** The whole page takes files: while one is held over it, it says so. */
import { Text } from "@mantine/core";
import { IconFileMusic } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type JSX, useEffect, useState } from "react";
import { useWords } from "../i18n/use-words.tsx";
import { useServices } from "../shell/services.ts";
import classes from "./drop-anywhere.module.css";
import { droppedFiles } from "./dropped-files.ts";
import { SOUND_FORMATS } from "./upload-words.ts";

export function DropAnywhere(): JSX.Element | null {
  const { t, amount } = useWords();
  if (!useFileOver()) return null;
  return (
    // Only for the pointer; the button on the first page is for everybody.
    <div className={classes.cover} aria-hidden>
      <IconFileMusic size={56} stroke={1.4} aria-hidden />
      <Text size="xl" fw={600}>
        {t("upload.drop")}
      </Text>
      <Text c="dimmed">{amount(SOUND_FORMATS)}</Text>
    </div>
  );
}

/** Whether a file is held over the page; what is let go is taken. */
function useFileOver(): boolean {
  const { imports } = useServices();
  const navigate = useNavigate();
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    // Each element that is entered is left again; the page is left when all are.
    let depth = 0;
    const enter = (event: DragEvent): void => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (!holdsFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const over = (event: DragEvent): void => {
      if (holdsFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      if (!holdsFiles(event) || event.dataTransfer === null) return;
      // Else the browser would open the file in place of the page.
      event.preventDefault();
      depth = 0;
      setOver(false);
      // No filter by type: browsers guess it from the name. The server judges by content and says why it refuses.
      void droppedFiles(event.dataTransfer).then((files) => imports.add(files));
      void navigate({ to: "/" });
    };
    const ends = new AbortController();
    const { signal } = ends;
    document.addEventListener("dragenter", enter, { signal });
    document.addEventListener("dragleave", leave, { signal });
    document.addEventListener("dragover", over, { signal });
    document.addEventListener("drop", drop, { signal });
    return () => ends.abort();
  }, [imports, navigate]);
  return isOver;
}

/** Text and links that are dragged are nothing to take. */
function holdsFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}
