/** Keys of the whole panel: they work wherever in the page the focus is. */
import { useEffect } from 'preact/hooks';

export function useKeys(onKeyDown: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  });
}
