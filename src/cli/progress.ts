/** A progress bar on a terminal; nothing elsewhere. */
export interface Progress {
  /** `share` from 0 to 1. */
  show(share: number, text: string): void;
  clear(): void;
}

/** Milliseconds between two pictures, and before the first one. */
const PACE = 100;
const WIDTH = 30;

export function progressOn(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  let last = Date.now();
  let shown = false;
  return {
    show(share, text) {
      if (Date.now() - last < PACE) return;
      last = Date.now();
      shown = true;
      const full = Math.round(Math.min(Math.max(share, 0), 1) * WIDTH);
      const line = `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${text}`;
      stream.write(`\r${line.slice(0, (stream.columns || 80) - 1)}\u001b[K`);
    },
    clear() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}
