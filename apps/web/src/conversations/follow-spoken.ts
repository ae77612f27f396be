/**
 * Keeps the spoken words on the screen while they are read along, and never scrolls against the reader: from the moment somebody
 * scrolls, nothing moves by itself until that person plays or jumps again.
 */
import { useEffect, useRef } from "react";

/** The element of the segment that is heard carries `aria-current="time"`. */
const SPOKEN = "[aria-current=time]";
/** The header lies over the upper edge of the page, the player over the lower one. */
const EDGE_PX = 64;
const PLAYER_PX = 130;

/** `starts` counts how often somebody played or jumped, which is a wish to see what is heard. */
export function useFollow(list: React.RefObject<HTMLElement | null>, spokenId: string | null, starts: number): void {
  const follows = useRef(false);
  const isOurs = useRef(false);
  useEffect(() => {
    const scrolled = (): void => {
      if (isOurs.current) isOurs.current = false;
      else follows.current = false;
    };
    window.addEventListener("scroll", scrolled, { passive: true });
    return () => window.removeEventListener("scroll", scrolled);
  }, []);
  useEffect(() => {
    follows.current = starts > 0;
  }, [starts]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: that they changed is what counts
  useEffect(() => {
    const spoken = list.current?.querySelector(SPOKEN);
    if (!follows.current || spoken == null || isOnScreen(spoken)) return;
    const before = window.scrollY;
    spoken.scrollIntoView({ block: "center", behavior: "instant" });
    isOurs.current = window.scrollY !== before;
  }, [list, spokenId, starts]);
}

/** Its first line can be read. */
function isOnScreen(element: Element): boolean {
  const { top } = element.getBoundingClientRect();
  return top > EDGE_PX && top < window.innerHeight - PLAYER_PX;
}
