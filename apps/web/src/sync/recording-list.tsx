/**
 * The recordings, by day and newest first. Only what is on the screen is drawn, so that a list of tens of thousands scrolls as
 * one of ten; each row says its place in the whole for those who hear the page.
 */
import type { Recording } from "@holdfast/client";
import { Button, Text } from "@mantine/core";
import { measureElement, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type JSX, memo, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { dayTitle } from "../conversations/by-day.ts";
import { useWords } from "../i18n/use-words.tsx";
import { DeleteRecording } from "./delete-recording.tsx";
import classes from "./recording-list.module.css";
import { RecordingRow } from "./recording-row.tsx";
import { RowHeights } from "./row-heights.ts";
import { type Filter, finalCount, rowsOf } from "./rows.ts";
import type { SyncView } from "./sync-watch.ts";

const FILTERS: readonly Filter[] = ["all", "pending", "synced"];

const OVERSCAN = 6;

export function RecordingList({ view }: { readonly view: SyncView }): JSX.Element {
  const { t } = useWords();
  // Thousands of synced rows are rarely what a person looks for (reference client-sync 7.2.8).
  const [filter, setFilter] = useState<Filter>("pending");
  const { client, version } = view;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map is the same object; the version says that it changed
  const rows = useMemo(() => rowsOf(client.log.recordings.values(), filter), [client, filter, version]);
  const count = rows.reduce((sum, { kind }) => sum + (kind === "recording" ? 1 : 0), 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const dead = useMemo(() => finalCount(client.log.recordings.values()), [client, version]);
  return (
    <section aria-labelledby="recordings">
      <div className={classes.head}>
        <h2 id="recordings" className={classes.heading}>
          {t("sync.count", { count })}
        </h2>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, and these are buttons */}
        <div role="group" aria-label={t("sync.filter")} className={classes.filters}>
          {FILTERS.map((each) => (
            <Button
              key={each}
              size="compact-md"
              variant={each === filter ? "light" : "subtle"}
              color={each === filter ? "kelp" : "gray"}
              aria-pressed={each === filter}
              onClick={() => setFilter(each)}
            >
              {t(`sync.filter.${each}`)}
            </Button>
          ))}
        </div>
      </div>
      {count === 0 ? (
        <Text c="dimmed" py="md">
          {t(`sync.filter.${filter}.empty`)}
        </Text>
      ) : (
        <Rows view={view} rows={rows} count={count} />
      )}
      {filter === "pending" && dead > 0 && (
        <Button variant="subtle" color="gray" size="compact-md" mt="sm" onClick={() => setFilter("all")}>
          {t("sync.dead", { count: dead })}
        </Button>
      )}
    </section>
  );
}

interface RowsProps {
  readonly view: SyncView;
  readonly rows: ReturnType<typeof rowsOf>;
  readonly count: number;
}

const DayHeading = memo(({ day }: { readonly day: string }): JSX.Element => {
  const { locale } = useWords();
  return <h3 className={classes.day}>{dayTitle(day, new Date(), locale)}</h3>;
});

function Rows({ view, rows, count }: RowsProps): JSX.Element {
  const [asked, setAsked] = useState<Recording | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const box = list.current?.getBoundingClientRect();
    if (box !== undefined) setTop(box.top + window.scrollY);
  }, []);
  const [heights] = useState(() => new RowHeights());
  const virtualizer = useWindowVirtualizer<HTMLLIElement>({
    count: rows.length,
    estimateSize: (index) => heights.guess(rows[index]?.kind ?? "recording"),
    measureElement(element, entry, instance) {
      const px = measureElement(element, entry, instance);
      heights.saw(rows[instance.indexFromElement(element)]?.kind ?? "recording", px);
      return px;
    },
    // A new function is a new list to the virtualizer: it would lay out all rows again with every frame of a scroll.
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    overscan: OVERSCAN,
    scrollMargin: top,
  });
  return (
    <>
      <ul
        ref={list}
        aria-labelledby="recordings"
        className={classes.list}
        style={{ height: virtualizer.getTotalSize() }}
        data-count={count}
      >
        {virtualizer.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <li
              key={key}
              ref={virtualizer.measureElement}
              data-index={index}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              className={classes.place}
              style={{ transform: `translateY(${start - virtualizer.options.scrollMargin}px)` }}
            >
              {row.kind === "day" ? (
                <DayHeading day={row.day} />
              ) : (
                <RecordingRow
                  client={view.client}
                  recording={row.recording}
                  version={view.version}
                  onDelete={setAsked}
                />
              )}
            </li>
          );
        })}
      </ul>
      <DeleteRecording client={view.client} recording={asked} onClose={() => setAsked(null)} />
    </>
  );
}
