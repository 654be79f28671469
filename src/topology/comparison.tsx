/**
 * Two traces side by side: both drawn at the same moment, their events in one list, and how their states differ. The earlier stands
 * on the left. In: the trace on display and the one it is held against. Out: what the reader did.
 */
import './comparison.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Against, Counterpart, EventLink, Side, TraceChoice } from '../protocol';
import { difference, stateAfter } from '../scenario/state';
import type { Trace } from '../scenario/types';
import { align, eventAt, nextDifference, rowOf, shownRows, tellsApart } from './alignment';
import { StateRows, useInvariantName } from './aside';
import { castOf } from './cast';
import { CompareWith } from './compare-with';
import { useKeys } from './keys';
import { Pairs } from './pairs';
import { useSay } from './say';
import { sceneOf } from './scene';
import { Stage } from './stage';
import { violationsAt } from './steps';
import { sideBySide } from './svg';

interface Props {
  readonly choices: readonly TraceChoice[];
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
  readonly current: number;
  readonly against: Against;
  readonly counterparts: readonly Counterpart[];
  readonly onSelect: (side: Side, event: number) => void;
  /** Null: the trace alone again. */
  readonly onCompare: (key: string | null) => void;
  readonly onSave: (name: string, svg: string) => void;
}

interface Half {
  readonly side: Side;
  readonly title: string;
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
}

function Verdict({ trace }: { readonly trace: Trace }) {
  const say = useSay();
  const nameOf = useInvariantName();
  const [first] = trace.violations;
  if (first !== undefined) return <b class="bad-text">✕ {nameOf(first)}</b>;
  return trace.undecided.length > 0 ? <b>? {say('undecided')}</b> : <b class="good-text">✓ {say('holds')}</b>;
}

/** One trace at an event; -1 is before its first. */
function HalfStage({ half, event, id }: { readonly half: Half; readonly event: number; readonly id: string }) {
  const say = useSay();
  const { trace, title } = half;
  const cast = useMemo(() => castOf(trace), [trace]);
  const scene = useMemo(() => sceneOf(trace, cast, event, say), [trace, cast, event, say]);
  return (
    <section class={`half half-${half.side}`} aria-label={title}>
      <p class="half-title">
        <b>{title}</b> <Verdict trace={trace} />
      </p>
      <Stage id={id} cast={cast} scene={scene} name={title} />
      <p class={`caption${scene.broken ? ' bad-text' : ''}`}>
        {event < 0 ? say('Not begun') : `${say('Event {0} of {1}', event + 1, trace.events.length)} · ${scene.caption}`}
      </p>
    </section>
  );
}

export function Comparison(props: Props) {
  const { choices, trace, links, current, against, counterparts, onSelect, onCompare, onSave } = props;
  const say = useSay();
  const [calls, setCalls] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const choice = choices.find(({ id }) => id === trace.id);
  const named = (prefix: number, total: number): string =>
    prefix === 0 ? say('before the series') : say('patches 1–{0} of {1}', prefix, total);
  const own: Half = {
    side: 'own',
    title: choice === undefined || choice.total === 0 ? trace.design : named(choice.prefix, choice.total),
    trace,
    links,
  };
  const other: Half = { side: 'against', title: against.title, trace: against.trace, links: against.links };
  const [left, right] = against.earlier ? [other, own] : [own, other];
  const ownSide = against.earlier ? 'right' : 'left';
  const rows = useMemo(() => align(left.trace, right.trace), [left.trace, right.trace]);
  const [row, setRow] = useState(() => rowOf(rows, ownSide, current));
  useEffect(() => setOpened(new Set()), [rows]);
  // The cursor in the text, or another choice, moves the trace on display: the list follows.
  useEffect(
    () => setRow((now) => (rows[now]?.[ownSide] === current ? now : rowOf(rows, ownSide, current))),
    [current, rows],
  );

  const shown = useMemo(
    () => shownRows(left.trace, right.trace, rows, { calls, current: row, opened }),
    [left.trace, right.trace, rows, calls, row, opened],
  );
  const at = { left: eventAt(rows, row, 'left'), right: eventAt(rows, row, 'right') };
  const states = useMemo(
    () => ({
      left: stateAfter(left.trace.initial, left.trace.events, at.left + 1),
      right: stateAfter(right.trace.initial, right.trace.events, at.right + 1),
    }),
    [left.trace, right.trace, at.left, at.right],
  );
  const changes = useMemo(() => difference(states.left, states.right), [states]);

  const select = (next: number): void => {
    const chosen = rows[next];
    if (chosen === undefined) return;
    setRow(next);
    const event = chosen[ownSide];
    if (event !== null) onSelect('own', event);
    else onSelect('against', chosen[ownSide === 'left' ? 'right' : 'left'] ?? 0);
  };
  const walked = shown.flatMap((one) => (one.kind === 'row' ? [one.row] : []));
  const step = (by: number): void => {
    const place = walked.indexOf(row);
    const next = walked[Math.max(0, Math.min(walked.length - 1, place + by))];
    if (next !== undefined) select(next);
  };
  useKeys((event) => {
    if (event.target instanceof HTMLSelectElement || event.altKey || event.ctrlKey || event.metaKey) return;
    const by: Record<string, () => void> = {
      ArrowRight: () => step(1),
      ArrowDown: () => step(1),
      ArrowLeft: () => step(-1),
      ArrowUp: () => step(-1),
      Home: () => select(0),
      End: () => select(rows.length - 1),
      Escape: () => onCompare(null),
    };
    const act = by[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  const following = nextDifference(left.trace, right.trace, rows, row);
  const apart = rows.filter((one) => tellsApart(left.trace, right.trace, one)).length;
  const broken = new Set(
    [...violationsAt(left.trace, at.left), ...violationsAt(right.trace, at.right)].map(({ message }) => message),
  );

  return (
    <div class="panel compared">
      <header>
        <h1 class="spoken">{say('Two traces')}</h1>
        <b>{choice?.title ?? trace.scenario}</b>
        <span class="dim">{trace.machine}</span>
        <CompareWith counterparts={counterparts} current={against.key} onCompare={onCompare} />
        <button type="button" class="alone" onClick={() => onCompare(null)}>
          {say('Show one trace')}
        </button>
      </header>
      <main>
        <HalfStage half={left} event={at.left} id="drawing-left" />
        <HalfStage half={right} event={at.right} id="drawing-right" />
      </main>
      <aside>
        <div class="heading">
          <h2>{say('Both traces')}</h2>
          <label>
            <input type="checkbox" checked={calls} onChange={() => setCalls(!calls)} /> {say('Show calls')}
          </label>
        </div>
        <Pairs
          left={left}
          right={right}
          rows={rows}
          shown={shown}
          current={row}
          onSelect={select}
          onUnfold={(first) => setOpened(new Set([...opened, first]))}
        />
        <div class="details">
          <h2>{say('State, left → right')}</h2>
          <StateRows changes={changes} state={states.right} />
          {[...broken].map((message) => (
            <p key={message} class="bad-text">
              ✕ {message}
            </p>
          ))}
        </div>
      </aside>
      <footer>
        <span class="controls">
          <button type="button" aria-label={say('Step back')} title={say('Step back')} onClick={() => step(-1)}>
            ←
          </button>
          <button type="button" aria-label={say('Step forward')} title={say('Step forward')} onClick={() => step(1)}>
            →
          </button>
          <button
            type="button"
            class="next-difference"
            disabled={following === null}
            onClick={() => {
              if (following !== null) select(following);
            }}
          >
            ≠ {say('Next difference')}
          </button>
        </span>
        <span class="dim" aria-live="polite">
          {apart === 0 ? say('No event differs') : say('{0} of {1} events differ', apart, rows.length)}
        </span>
        <button
          type="button"
          class="last"
          onClick={() =>
            onSave(
              `${left.trace.id} ${right.trace.id}`,
              sideBySide(document.querySelector('#drawing-left'), document.querySelector('#drawing-right')),
            )
          }
        >
          {say('Save SVG')}
        </button>
      </footer>
    </div>
  );
}
