/** The foot of the panel: the windows as page maps, the steps, and the timeline with its marks. */
import type { Trace } from '../scenario/types';
import type { Cast } from './cast';
import { hex } from './names';
import type { WindowMap } from './pages';
import { useSay } from './say';

/** Cells that a page map draws; what lies beyond is counted. */
const CELLS = 16;
/** In a window of at most so many pages each page in use is named on its cell; in a larger one its tooltip names it. */
const NAMED = 8;

export function Windows({ windows, cast }: { readonly windows: readonly WindowMap[]; readonly cast: Cast }) {
  const say = useSay();
  const colourOf = (agent: string): number => cast.agents.find(({ name }) => name === agent)?.colour ?? 0;
  return (
    <div class="windows">
      {windows.map((window) => {
        const cells = Math.min(CELLS, window.pages);
        // Windows are handed out from the top or from the bottom: show the end that is in use.
        const top = window.used.some(({ index }) => index >= cells);
        const first = top ? Math.max(0, window.pages - cells) : 0;
        return (
          <div key={window.agent} class="window" role="group" aria-label={say('window {0}', window.agent)}>
            <span class="dim">{say('window {0}', window.agent)}</span>
            <span class="cells">
              {Array.from({ length: cells }, (_, i) => {
                const page = window.used.find(({ index }) => index === first + i);
                const state = page === undefined ? '' : page.leaked ? ' leaked' : ' used';
                const told =
                  page === undefined
                    ? say('free')
                    : `${page.doorbell}${page.leaked ? ` · ${say('not given back')}` : ''}`;
                return (
                  <span
                    key={first + i}
                    class={`cell agent-${colourOf(window.agent) % 5}${state}${page !== undefined && window.pages <= NAMED ? ' named' : ''}`}
                    title={`${hex(window.base + (first + i) * window.granule)} · ${told}`}
                  >
                    {page !== undefined && window.pages <= NAMED && <b>{page.doorbell}</b>}
                  </span>
                );
              })}
              {window.pages > cells && <span class="dim"> {say('+{0} more', window.pages - cells)}</span>}
            </span>
            <span class="dim count">{say('{0} of {1} pages in use', window.used.length, window.pages)}</span>
          </div>
        );
      })}
    </div>
  );
}

interface TimelineProps {
  readonly trace: Trace;
  readonly shown: readonly number[];
  readonly current: number;
  readonly onSelect: (event: number) => void;
}

/** One mark a shown event; diamonds break an invariant, rings are the device's own writes. */
export function Timeline({ trace, shown, current, onSelect }: TimelineProps) {
  const say = useSay();
  const broken = new Set(trace.violations.map(({ event }) => event));
  const last = Math.max(1, shown.length - 1);
  const x = (place: number): number => 8 + (place / last) * 984;
  return (
    <svg class="timeline" viewBox="0 0 1000 28" preserveAspectRatio="none" role="group" aria-label={say('Timeline')}>
      <line x1={8} x2={992} y1={14} y2={14} />
      {shown.map((index, place) => {
        const event = trace.events[index];
        const kind = broken.has(index) ? 'broken' : (event?.kind ?? 'call');
        return (
          <g
            key={index}
            role="button"
            tabindex={-1}
            aria-label={say('Timeline, event {0} of {1}', index + 1, trace.events.length)}
            class={`tick kind-${kind}${index === current ? ' on' : ''}`}
            onClick={() => onSelect(index)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' || event.key === ' ') onSelect(index);
            }}
          >
            <title>{`${index + 1} · ${event?.text ?? ''}`}</title>
            <rect class="reach" x={x(place) - 492 / last} y={0} width={984 / last} height={28} />
            <rect
              class="tickmark"
              x={x(place) - (kind === 'broken' ? 3 : 1.5)}
              y={kind === 'stage' || kind === 'broken' ? 4 : 9}
              width={kind === 'broken' ? 6 : 3}
              height={kind === 'stage' || kind === 'broken' ? 20 : 10}
            />
          </g>
        );
      })}
    </svg>
  );
}
