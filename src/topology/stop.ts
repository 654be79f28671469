/** The one stop of the Tab key in a list whose entries are gone through by arrow keys: the chosen entry. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * @param chosen what tells the chosen entry from the others, and the list from another
 * @returns a reference for the chosen entry: it is scrolled into view, and has the focus whenever another entry of its list had it
 */
export function useStop(...chosen: readonly unknown[]): RefObject<HTMLButtonElement | null> {
  const entry = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const now = entry.current;
    if (now === null) return;
    now.scrollIntoView({ block: 'nearest' });
    const focused = document.activeElement;
    if (focused !== now && focused?.closest('li') != null && now.closest('ol')?.contains(focused))
      now.focus({ preventScroll: true });
  }, chosen);
  return entry;
}
