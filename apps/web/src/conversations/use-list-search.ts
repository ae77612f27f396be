/**
 * The choice and the search of the list, kept in the address, so that both survive a reload and can be passed on as a link. What
 * is typed goes there after a pause; where somebody moves in the history, the field follows.
 */
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { readSearch, type Shown } from "./choice.ts";

const SEARCH_DELAY_MS = 250;

export interface ListSearchControl {
  readonly shown: Shown;
  /** What is searched for; empty for nothing. */
  readonly query: string;
  /** What stands in the field. */
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly show: (shown: Shown) => void;
}

export function useListSearch(): ListSearchControl {
  const { show: shown = "all", q = "" } = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const [text, setText] = useState(q);
  const [typed] = useDebouncedValue(text.trim(), SEARCH_DELAY_MS);
  const written = useRef(q);
  useEffect(() => {
    // Not what was typed here a moment ago, which may be older than what stands in the field now.
    if (q !== written.current) setText(q);
    written.current = q;
  }, [q]);
  useEffect(() => {
    if (typed === written.current) return;
    written.current = typed;
    void navigate({ search: (before) => readSearch({ ...before, q: typed }), replace: true });
  }, [typed, navigate]);
  return {
    ...{ shown, query: q, text, setText },
    show: (wanted) => void navigate({ search: (before) => readSearch({ ...before, show: wanted }), replace: true }),
  };
}
