/**
 * When two tasks are the same task: the words are the same, whatever their case, spacing and punctuation. A task that is
 * open and was touched in the last seven days is not made again (reference listen-and-pusher 6.2).
 */

export const SAME_TASK_WITHIN_MS: number = 7 * 86_400_000;

/** Text to compare tasks by; the empty string for a task without words, which is like no other. */
export function taskKey(description: string): string {
  return description
    .normalize("NFKC")
    .toLowerCase()
    .replace(/['’]/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
