/** The panel: one trace at one event, drawn, listed and explained. In: what the extension sent. Out: what the reader did. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Counterpart, EventLink, TraceChoice } from '../protocol';
import type { Trace } from '../scenario/types';
import { Events, StateRows, useInvariantName, Why } from './aside';
import { castOf } from './cast';
import { Choices } from './choices';
import { CompareWith } from './compare-with';
import { Timeline, Windows } from './footer';
import { useKeys } from './keys';
import { leakedPages, windowMaps } from './pages';
import { useSay } from './say';
import { sceneOf } from './scene';
import { Stage, still } from './stage';
import { nextBroken, shownEvents, stepFrom, violationsAt } from './steps';
import { svgOf } from './svg';

interface Props {
  readonly choices: readonly TraceChoice[];
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
  readonly current: number;
  readonly counterparts: readonly Counterpart[];
  readonly onSelect: (event: number) => void;
  readonly onCompare: (key: string) => void;
  readonly onChoose: (trace: string) => void;
  readonly onSave: (name: string, svg: string) => void;
}

/** Milliseconds that an event stands while playing. */
const BEAT = 900;

export function Panel(props: Props) {
  const { choices, trace, links, current, counterparts, onSelect, onCompare, onChoose, onSave } = props;
  const say = useSay();
  const nameOf = useInvariantName();
  const [calls, setCalls] = useState(false);
  const [playing, setPlaying] = useState(false);
  const cast = useMemo(() => castOf(trace), [trace]);
  const scene = useMemo(() => sceneOf(trace, cast, current, say), [trace, cast, current, say]);
  const leaked = useMemo(() => leakedPages(trace), [trace]);
  const shown = useMemo(() => shownEvents(trace, calls, current), [trace, calls, current]);
  const windows = windowMaps(scene.state, leaked[current] ?? new Set());
  const violations = violationsAt(trace, current);
  const choice = choices.find(({ id }) => id === trace.id);
  const step = (by: number): void => onSelect(stepFrom(shown, current, by));

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

  useKeys((event) => {
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
  });

  const first = trace.violations[0];
  const broken = nextBroken(trace, current);
  return (
    <div class="panel">
      <header>
        <h1 class="spoken">{say('Topology')}</h1>
        {choice === undefined ? (
          <b>{trace.scenario}</b>
        ) : (
          <Choices choices={choices} current={choice} onChoose={onChoose} />
        )}
        <CompareWith counterparts={counterparts} current={null} onCompare={onCompare} />
        <span class={`verdict ${first === undefined ? 'good-text' : 'bad-text'}`}>
          {first !== undefined
            ? `✕ ${nameOf(first)}`
            : trace.undecided.length > 0
              ? `? ${say('undecided')}`
              : `✓ ${say('holds')}`}
        </span>
      </header>
      <main>
        <Stage id="drawing" cast={cast} scene={scene} name={choice?.title ?? trace.scenario} />
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
          <StateRows changes={trace.events[current]?.changes ?? []} state={scene.state} />
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
