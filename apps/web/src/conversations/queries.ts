/**
 * Reading and changing conversations through the query cache. While something on show is unfinished the server is asked
 * again and again at a gentle pace; otherwise only when the page comes back into view.
 */
import type { ConversationChoice, Person } from "@holdfast/client";
import type { Conversation, Memory } from "@holdfast/contract";
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
import { CONVERSATIONS, MEMORIES, PEOPLE } from "./keys.ts";
import { listPollMs, nextOffset, onePollMs, PAGE, withoutRepeats } from "./reading.ts";
import type { Naming } from "./who.ts";

const SEARCH_LIMIT = 50;

export function useConversations(choice: ConversationChoice): UseInfiniteQueryResult<readonly Conversation[]> {
  const { api } = useServices();
  return useInfiniteQuery({
    queryKey: [...CONVERSATIONS, "list", choice],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      api.listConversations(
        {
          limit: PAGE,
          offset: pageParam,
          includeDiscarded: true,
          statuses: ["in_progress", "processing", "merging", "completed", "failed"],
          ...choice,
        },
        signal,
      ),
    getNextPageParam: (_last, pages) => nextOffset(pages),
    select: (data) => withoutRepeats(data.pages),
    refetchInterval: (query) => listPollMs(query.state.data?.pages.flat()),
  });
}

export function useSearch(text: string, choice: ConversationChoice): UseQueryResult<readonly Conversation[]> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...CONVERSATIONS, "search", text, choice],
    queryFn: ({ signal }) => api.searchConversations(text, 1, SEARCH_LIMIT, signal, choice),
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

export function useVisibility(id: string): UseMutationResult<void, Error, Conversation["visibility"]> {
  const { api } = useServices();
  return useChange((value: Conversation["visibility"]) => api.setVisibility(id, value));
}

/** The link works while the conversation is shared; it is always the same. */
export function useShareLink(id: string, isWanted: boolean): UseQueryResult<string> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...CONVERSATIONS, "share", id],
    queryFn: ({ signal }) => api.shareLink(id, signal),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Done when the conversation says that it is being worked on. */
export function useReprocess(id: string): UseMutationResult<void, Error, void> {
  const { api } = useServices();
  return useChange(async () => void (await api.reprocessConversation(id)));
}

export interface Ticked {
  /** Place of the task among those of the conversation. */
  readonly index: number;
  readonly done: boolean;
}

export function useTick(id: string): UseMutationResult<void, Error, Ticked> {
  const { api } = useServices();
  return useChange(({ index, done }: Ticked) => api.setTaskDone(id, index, done));
}

/** `revision` changes where the conversation was written up anew, which replaces what was learned from it. */
export function useMemories(id: string, revision: string | null): UseQueryResult<readonly Memory[]> {
  const { api } = useServices();
  return useQuery({
    queryKey: [...MEMORIES, id, revision],
    queryFn: ({ signal }) => api.listMemories(id, signal),
    placeholderData: keepPreviousData,
  });
}

/** `content` is the new text; null deletes it. */
export function useMemoryChange(id: string): UseMutationResult<void, Error, string | null> {
  const { api, queries } = useServices();
  return useMutation({
    mutationFn: (content: string | null) => (content === null ? api.deleteMemory(id) : api.editMemory(id, content)),
    onSettled: () => queries.invalidateQueries({ queryKey: MEMORIES }),
  });
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
