import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** For a menu that is wider than a phone: the link of the current page is always in sight. */
export function useCurrentInSight(current: string): RefObject<HTMLElement | null> {
  const menu = useRef<HTMLElement>(null);
  useEffect(() => {
    if (current !== "") {
      menu.current
        ?.querySelector("[aria-current]")
        ?.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }, [current]);
  return menu;
}
