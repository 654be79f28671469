/** The events of two traces in one list: a row for each, its event of either side in its own column. */
import type { EventLink } from '../protocol';
import type { Trace } from '../scenario/types';
import type { Row, Shown } from './alignment';
import { useSay } from './say';
import { violationsAt } from './steps';
import { useStop } from './stop';

interface Half {
  readonly title: string;
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
}

interface Props {
  readonly left: Half;
  readonly right: Half;
  readonly rows: readonly Row[];
  readonly shown: readonly Shown[];
  readonly current: number;
  readonly onSelect: (row: number) => void;
  readonly onUnfold: (first: number) => void;
}

const MARKS = { same: '', changed: 'M', left: 'D', right: 'A' } as const;

function Cell({ half, index }: { readonly half: Half; readonly index: number | null }) {
  const event = index === null ? undefined : half.trace.events[index];
  if (index === null || event === undefined) return <span class="cell-none" />;
  const link = half.links[index] ?? null;
  const broken = violationsAt(half.trace, index).length > 0;
  return (
    <span class={`side kind-${event.kind}${broken ? ' bad-text' : ''}`}>
      <span class="number">{index + 1}</span>
      <span class="text">
        {broken && '✕ '}
        {event.text}
        {link !== null && <span class={link.opens ? 'link' : 'origin'}>{link.label}</span>}
      </span>
    </span>
  );
}

export function Pairs({ left, right, rows, shown, current, onSelect, onUnfold }: Props) {
  const say = useSay();
  const selected = useStop(current, rows);
  const spoken = { same: say('unchanged'), changed: say('modified'), left: say('deleted'), right: say('added') };
  return (
    <ol class="events pairs" aria-label={say('Both traces')}>
      {shown.map((one) => {
        if (one.kind === 'fold')
          return (
            <li key={`fold ${one.first}`}>
              <button type="button" class="fold" onClick={() => onUnfold(one.first)}>
                {say('{0} events unchanged', one.count)} ▸
              </button>
            </li>
          );
        const row = rows[one.row];
        if (row === undefined) return null;
        const on = one.row === current;
        return (
          <li key={one.row}>
            <button
              type="button"
              ref={on ? selected : null}
              class={`event pair pair-${row.kind}${on ? ' on' : ''}`}
              aria-current={on ? 'step' : undefined}
              tabIndex={on ? 0 : -1}
              onClick={() => onSelect(one.row)}
            >
              <span class={`change change-${MARKS[row.kind]}`} title={spoken[row.kind]}>
                {MARKS[row.kind]}
                <span class="spoken">{spoken[row.kind]}</span>
              </span>
              {row.kind === 'same' ? (
                <span class="both">
                  <Cell half={right} index={row.right} />
                </span>
              ) : (
                <>
                  <Cell half={left} index={row.left} />
                  <Cell half={right} index={row.right} />
                </>
              )}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
