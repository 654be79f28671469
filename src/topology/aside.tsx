/** The right side: the list of events, what the event did to the state, and why an invariant broke. */
import { useState } from 'preact/hooks';
import type { EventLink } from '../protocol';
import type { FlatState } from '../scenario/state';
import type { StateChange, Trace, Violation } from '../scenario/types';
import { changedRows, unchangedRows } from './rows';
import { useSay } from './say';
import { violationsAt } from './steps';
import { useStop } from './stop';

interface EventsProps {
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
  readonly shown: readonly number[];
  readonly current: number;
  readonly onSelect: (event: number) => void;
}

export function Events({ trace, links, shown, current, onSelect }: EventsProps) {
  const say = useSay();
  const selected = useStop(current, trace.id);
  const stop = shown.includes(current) ? current : shown[0];
  return (
    <ol class="events" aria-label={say('Trace')}>
      {shown.map((index) => {
        const event = trace.events[index];
        if (event === undefined) return null;
        const link = links[index] ?? null;
        const broken = violationsAt(trace, index).length > 0;
        const on = index === current;
        return (
          <li key={index}>
            <button
              type="button"
              ref={on ? selected : null}
              class={`event kind-${event.kind}${on ? ' on' : ''}${broken ? ' bad' : ''}`}
              aria-current={on ? 'step' : undefined}
              tabIndex={index === stop ? 0 : -1}
              onClick={() => onSelect(index)}
            >
              <span class="number">{index + 1}</span>
              <span class="text">
                {broken && <span class="mark">✕ </span>}
                {event.text}
                {link !== null && <span class={link.opens ? 'link' : 'origin'}>{link.label}</span>}
              </span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

/** What changed, and how much of `state`, which is after the changes, did not. */
export function StateRows({ changes, state }: { readonly changes: readonly StateChange[]; readonly state: FlatState }) {
  const say = useSay();
  const [open, setOpen] = useState(false);
  const rows = changedRows(changes);
  const rest = unchangedRows(state, changes);
  const spoken = { A: say('added'), M: say('modified'), D: say('deleted') } as const;
  return (
    <table class="state">
      <tbody>
        {rows.map((row) => (
          <tr key={row.path}>
            <td class={`change change-${row.mark}`} title={spoken[row.mark]} aria-label={spoken[row.mark]}>
              {row.mark}
            </td>
            <td>{row.label}</td>
            <td class="value">
              {row.before !== null && row.after !== null
                ? `${row.before} → ${row.after}`
                : (row.after ?? row.before ?? '')}
            </td>
          </tr>
        ))}
        {rows.length === 0 && (
          <tr>
            <td />
            <td class="dim">{say('nothing changed')}</td>
          </tr>
        )}
        <tr>
          <td />
          <td colSpan={2}>
            <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}>
              {say('{0} values unchanged', rest.length)} {open ? '▾' : '▸'}
            </button>
          </td>
        </tr>
        {open &&
          rest.map((row) => (
            <tr key={row.path} class="dim">
              <td />
              <td>{row.label}</td>
              <td class="value">{row.value}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

const INVARIANTS = {
  I1: 'No foreign interrupt',
  I2: 'No stale door',
  I3: 'Own interrupts arrive',
  I4: 'Honest capability',
  I5: 'Guarded door',
  I6: 'Window sound',
  I7: 'Window closed',
  I8: 'Guest keeps out',
  I9: 'No sleep in atomic',
  I10: 'Order',
  I11: 'Balance',
  I12: 'Every prefix',
} as const;

export function useInvariantName(): (violation: Violation) => string {
  const say = useSay();
  return ({ invariant }) => `${invariant} ${say(INVARIANTS[invariant])}`;
}

export function Why({
  trace,
  violation,
  links,
  onSelect,
}: { readonly violation: Violation } & Omit<EventsProps, 'shown' | 'current'>) {
  const say = useSay();
  const nameOf = useInvariantName();
  return (
    <div class="why">
      <p class="bad-text">
        ✕ {nameOf(violation)}: {violation.message}
      </p>
      {violation.why.map((reason) => (
        <p key={reason.text}>
          {reason.text}
          {reason.reference !== null && <span class="reference"> {reason.reference}</span>}
        </p>
      ))}
      {violation.causes.length > 0 && <p class="dim">{say('Made possible by')}</p>}
      <ul>
        {violation.causes.slice(0, 5).map((cause) => (
          <li key={cause}>
            <button type="button" class="fold" onClick={() => onSelect(cause)}>
              {cause + 1} · {trace.events[cause]?.text ?? ''}
              {links[cause]?.opens === true && <span class="link">{links[cause]?.label}</span>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
