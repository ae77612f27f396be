/**
 * Reading and changing conversations through the query cache. While something on show is unfinished the server is asked
 * again and again at a gentle pace; otherwise only when the page comes back into view.
 */
import type { Conversation } from "@holdfast/contract";
import {
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useServices } from "../shell/services.ts";
import { CONVERSATIONS } from "./keys.ts";
import { listPollMs, nextOffset, onePollMs, PAGE, withoutRepeats } from "./reading.ts";

const SEARCH_LIMIT = 50;

export function useConversations(): UseInfiniteQueryResult<readonly Conversation[]> {
  const { api } = useServices();
  return useInfiniteQuery({
    queryKey: [...CONVERSATIONS, "list"],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      api.listConversations(
        {
          limit: PAGE,
          offset: pageParam,
          includeDiscarded: true,
          statuses: ["in_progress", "processing", "merging", "completed", "failed"],
        },
        signal,
      ),
    getNextPageParam: (_last, pages) => nextOffset(pages),
    select: (data) => withoutRepeats(data.pages),
    refetchInterval: (query) => listPollMs(query.state.data?.pages.flat()),
  });
}

export function useSearch(text: string): UseQueryResult<readonly Conversation[]> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...CONVERSATIONS, "search", text],
    queryFn: ({ signal }) => api.searchConversations(text, 1, SEARCH_LIMIT, signal),
    enabled: text !== "",
    placeholderData: keepPreviousData,
  });
}

export function useConversation(id: string): UseQueryResult<Conversation> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...CONVERSATIONS, "one", id],
    queryFn: ({ signal }) => api.getConversation(id, signal),
    refetchInterval: ({ state }) => onePollMs(state.data, state.error),
  });
}

/** A change of one conversation; whatever shows conversations is read anew when it is done. */
function useChange<T>(change: (value: T) => Promise<void>): UseMutationResult<void, Error, T> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queries.invalidateQueries({ queryKey: CONVERSATIONS }),
  });
}

export function useRename(id: string): UseMutationResult<void, Error, string> {
  const { api } = useServices();
  return useChange((title: string) => api.setTitle(id, title));
}

export function useStar(id: string): UseMutationResult<void, Error, boolean> {
  const { api } = useServices();
  return useChange((starred: boolean) => api.setStarred(id, starred));
}

export function useDelete(id: string): UseMutationResult<void, Error, void> {
  const { api, queries } = useServices();
  return useMutation({
    mutationFn: () => api.deleteConversation(id),
    onSuccess: () => {
      queries.removeQueries({ queryKey: [...CONVERSATIONS, "one", id] });
      return queries.invalidateQueries({ queryKey: [...CONVERSATIONS, "list"] });
    },
  });
}
