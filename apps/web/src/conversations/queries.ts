/**
 * Reading and changing conversations through the query cache. While something on show is unfinished the server is asked
 * again and again at a gentle pace; otherwise only when the page comes back into view.
 */
import type { ExportFormat, Person } from "@holdfast/client";
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
import { download } from "../shell/download.ts";
import { useServices } from "../shell/services.ts";
import { CONVERSATIONS, PEOPLE } from "./keys.ts";
import { listPollMs, nextOffset, onePollMs, PAGE, withoutRepeats } from "./reading.ts";
import type { Naming } from "./who.ts";

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

/** Fetches the conversation as a file and gives it to the browser to keep. */
export function useExport(id: string): UseMutationResult<void, Error, ExportFormat> {
  const { api } = useServices();
  return useMutation({
    mutationFn: async (format: ExportFormat) => {
      const { name, contentType, text } = await api.exportConversation(id, format);
      download(new Blob([text], { type: contentType }), name);
    },
  });
}

export function usePeople(): UseQueryResult<readonly Person[]> {
  const { api } = useServices();
  return useQuery({ queryKey: PEOPLE, queryFn: ({ signal }) => api.listPeople(signal) });
}

/** Says who somebody is; done when that is on show. */
export function useNaming(id: string): UseMutationResult<void, Error, Naming> {
  const { api, queries } = useServices();
  return useMutation({
    mutationFn: async ({ segment, who, isAll }: Naming) => {
      const whose = typeof who === "object" && "name" in who ? { personId: (await api.addPerson(who.name)).id } : who;
      if (isAll) await api.assignSpeaker(id, segment.speaker_id, whose);
      else await api.assignSegments(id, [segment.id], whose);
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: PEOPLE });
      await queries.invalidateQueries({ queryKey: CONVERSATIONS });
    },
  });
}
