/** The panel: one trace at one event, drawn, listed and explained. In: what the extension sent. Out: what the reader did. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventLink, TraceChoice } from '../protocol';
import type { Trace } from '../scenario/types';
import { Events, StateRows, useInvariantName, Why } from './aside';
import { castOf } from './cast';
import { Choices } from './choices';
import { Drawing } from './drawing';
import { Timeline, Windows } from './footer';
import { layoutOf, type Room, startToShow } from './layout';
import { leakedPages, windowMaps } from './pages';
import { useSay } from './say';
import { sceneOf } from './scene';
import { nextBroken, shownEvents, stepFrom, violationsAt } from './steps';
import { svgOf } from './svg';

interface Props {
  readonly choices: readonly TraceChoice[];
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
  readonly current: number;
  readonly onSelect: (event: number) => void;
  readonly onChoose: (trace: string) => void;
  readonly onSave: (name: string, svg: string) => void;
}

/** Milliseconds that an event stands while playing. */
const BEAT = 900;

const still = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The size of an element, followed. */
function useRoom(): { readonly at: RefObject<HTMLDivElement | null>; readonly width: number; readonly height: number } {
  const at = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 900, height: 460 });
  useLayoutEffect(() => {
    const element = at.current;
    if (element === null) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { at, ...size };
}

export function Panel({ choices, trace, links, current, onSelect, onChoose, onSave }: Props) {
  const say = useSay();
  const nameOf = useInvariantName();
  const [calls, setCalls] = useState(false);
  const [unfolded, setUnfolded] = useState(false);
  const [playing, setPlaying] = useState(false);
  const room = useRoom();
  const cast = useMemo(() => castOf(trace), [trace]);
  const layout = useMemo(() => {
    const space: Room = { width: room.width, height: room.height, unfolded };
    return layoutOf(cast, space);
  }, [cast, room.width, room.height, unfolded]);
  const scene = useMemo(() => sceneOf(trace, cast, current, say), [trace, cast, current, say]);
  const leaked = useMemo(() => leakedPages(trace), [trace]);
  const shown = useMemo(() => shownEvents(trace, calls, current), [trace, calls, current]);
  const windows = windowMaps(scene.state, leaked[current] ?? new Set());
  const violations = violationsAt(trace, current);
  const choice = choices.find(({ id }) => id === trace.id);
  const step = (by: number): void => onSelect(stepFrom(shown, current, by));

  // What the event is about stays in sight, however long the drawing is.
  useEffect(() => {
    const stage = room.at.current;
    const hot = [...scene.nodes.values()]
      .filter(({ tone }) => tone !== 'plain')
      .map(({ id }) => layout.boxes.get(id))
      .filter((box) => box !== undefined);
    if (stage === null || hot.length === 0) return;
    const scale = (stage.querySelector('#drawing')?.clientWidth ?? layout.width) / layout.width;
    const top = startToShow(
      {
        from: scale * Math.min(...hot.map(({ y }) => y)),
        to: scale * Math.max(...hot.map(({ y, height }) => y + height)),
      },
      { from: stage.scrollTop, to: stage.scrollTop + stage.clientHeight },
    );
    const left = startToShow(
      {
        from: scale * Math.min(...hot.map(({ x }) => x)),
        to: scale * Math.max(...hot.map(({ x, width }) => x + width)),
      },
      { from: stage.scrollLeft, to: stage.scrollLeft + stage.clientWidth },
    );
    if (top !== stage.scrollTop || left !== stage.scrollLeft)
      stage.scrollTo({ top, left, behavior: still() ? 'auto' : 'smooth' });
  }, [scene, layout]);

  useEffect(() => {
    if (!playing) return;
    const last = shown[shown.length - 1] ?? 0;
    if (current >= last) {
      setPlaying(false);
      return;
    }
    const timer = window.setTimeout(() => step(1), BEAT);
    return () => window.clearTimeout(timer);
  }, [playing, current, shown]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLSelectElement || event.altKey || event.ctrlKey || event.metaKey) return;
    const by: Record<string, () => void> = {
      ArrowRight: () => step(1),
      ArrowDown: () => step(1),
      ArrowLeft: () => step(-1),
      ArrowUp: () => step(-1),
      Home: () => onSelect(0),
      End: () => onSelect(trace.events.length - 1),
    };
    const act = by[event.key];
    if (act === undefined) return;
    event.preventDefault();
    setPlaying(false);
    act();
  };

  const first = trace.violations[0];
  const broken = nextBroken(trace, current);
  return (
    <div class="panel" role="application" aria-label={say('Topology')} onKeyDown={onKeyDown}>
      <header>
        {choice === undefined ? (
          <b>{trace.scenario}</b>
        ) : (
          <Choices choices={choices} current={choice} onChoose={onChoose} />
        )}
        <span class={`verdict ${first === undefined ? 'good-text' : 'bad-text'}`}>
          {first !== undefined
            ? `✕ ${nameOf(first)}`
            : trace.undecided.length > 0
              ? `? ${say('undecided')}`
              : `✓ ${say('holds')}`}
        </span>
      </header>
      <main>
        <div class="stage" ref={room.at}>
          <Drawing
            cast={cast}
            layout={layout}
            scene={scene}
            name={choice?.title ?? trace.scenario}
            onUnfold={() => setUnfolded(true)}
          />
        </div>
        <p class={`caption${scene.broken ? ' bad-text' : ''}`} aria-live="polite">
          {say('Event {0} of {1}', current + 1, trace.events.length)} · {scene.caption}
        </p>
      </main>
      <aside>
        <div class="heading">
          <h2>{say('Trace')}</h2>
          <label>
            <input type="checkbox" checked={calls} onChange={() => setCalls(!calls)} /> {say('Show calls')}
          </label>
        </div>
        <Events trace={trace} links={links} shown={shown} current={current} onSelect={onSelect} />
        <div class="details">
          <h2>{say('State after {0}', current + 1)}</h2>
          <StateRows trace={trace} current={current} state={scene.state} />
          {violations.length > 0 && <h2>{say('Why')}</h2>}
          {violations.map((violation) => (
            <Why key={violation.message} trace={trace} violation={violation} links={links} onSelect={onSelect} />
          ))}
          {trace.undecided.length > 0 && (
            <p class="dim">{say('Could not be decided: {0}', trace.undecided.join('; '))}</p>
          )}
        </div>
      </aside>
      <footer>
        <Windows windows={windows} cast={cast} />
        <span class="controls">
          <button type="button" aria-label={say('Step back')} title={say('Step back')} onClick={() => step(-1)}>
            ←
          </button>
          <button
            type="button"
            aria-label={playing ? say('Pause') : say('Play')}
            title={playing ? say('Pause') : say('Play')}
            disabled={still()}
            onClick={() => setPlaying(!playing)}
          >
            {playing ? '❚❚' : '▶'}
          </button>
          <button type="button" aria-label={say('Step forward')} title={say('Step forward')} onClick={() => step(1)}>
            →
          </button>
          {broken !== null && (
            <button type="button" class="next-broken" onClick={() => onSelect(broken)}>
              ✕ {say('Next violation')}
            </button>
          )}
        </span>
        <Timeline trace={trace} shown={shown} current={current} onSelect={onSelect} />
        <button type="button" onClick={() => onSave(trace.id, svgOf(document.querySelector('#drawing')))}>
          {say('Save SVG')}
        </button>
      </footer>
    </div>
  );
}
