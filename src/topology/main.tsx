/**
 * The topology panel's page. In: messages from the extension (`ToPanel`). Out: messages to it (`FromPanel`), and a drawing of one
 * trace. Runs in the webview; knows neither VS Code's API beyond messages nor Node.
 */
import './panel.css';
import { Component, type ComponentChildren, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Against, Counterpart, EventLink, FromPanel, PanelState, Side, ToPanel, TraceChoice } from '../protocol';
import type { Trace } from '../scenario/types';
import { Comparison } from './comparison';
import { Panel } from './panel';
import { Speech, speaker } from './say';
import { clampEvent } from './steps';

interface Api {
  postMessage(message: FromPanel): void;
  getState(): PanelState | undefined;
  setState(state: PanelState): void;
}

declare function acquireVsCodeApi(): Api;

const api = acquireVsCodeApi();

interface Shown {
  readonly trace: Trace;
  readonly links: readonly (EventLink | null)[];
  readonly counterparts: readonly Counterpart[];
  readonly against: Against | null;
}

function App() {
  const [words, setWords] = useState<Readonly<Record<string, string>>>({});
  const [choices, setChoices] = useState<readonly TraceChoice[]>([]);
  const [document, setDocument] = useState<string | null>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const [event, setEvent] = useState(0);
  const [empty, setEmpty] = useState('');

  useEffect(() => {
    const hear = ({ data }: MessageEvent<ToPanel>): void => {
      switch (data.kind) {
        case 'words':
          setWords(data.words);
          return;
        case 'choices':
          setChoices(data.choices);
          setDocument(data.document);
          return;
        case 'trace':
          setShown({
            trace: data.trace,
            links: data.links,
            counterparts: data.counterparts,
            against: data.against,
          });
          setEvent(clampEvent(data.trace, data.event));
          return;
        case 'select':
          setShown((now) => {
            if (now?.trace.id === data.trace) setEvent(clampEvent(now.trace, data.event));
            return now;
          });
          return;
        case 'empty':
          setShown(null);
          setEmpty(data.why);
      }
    };
    window.addEventListener('message', hear);
    api.postMessage({ kind: 'ready', state: api.getState() ?? null });
    return () => window.removeEventListener('message', hear);
  }, []);

  useEffect(() => {
    if (shown !== null) api.setState({ document, trace: shown.trace.id, event, against: shown.against?.key ?? null });
  }, [document, shown, event]);

  if (shown === null) return <p class="empty">{empty}</p>;
  const { trace, links, counterparts, against } = shown;
  const reveal = (side: Side, next: number): void => {
    if (side === 'against') {
      if (against !== null) api.postMessage({ kind: 'reveal', trace: against.trace.id, event: next, side });
      return;
    }
    const index = clampEvent(trace, next);
    setEvent(index);
    api.postMessage({ kind: 'reveal', trace: trace.id, event: index, side });
  };
  const shared = {
    choices,
    trace,
    links,
    counterparts,
    current: Math.min(event, Math.max(0, trace.events.length - 1)),
    onCompare: (key: string | null) => api.postMessage({ kind: 'compare', with: key }),
    onSave: (name: string, svg: string) => api.postMessage({ kind: 'save', name, svg }),
  };
  return (
    <Speech.Provider value={speaker(words)}>
      {against === null ? (
        <Panel
          {...shared}
          onSelect={(next) => reveal('own', next)}
          onChoose={(chosen) => api.postMessage({ kind: 'choose', trace: chosen })}
        />
      ) : (
        <Comparison {...shared} against={against} onSelect={reveal} />
      )}
    </Speech.Provider>
  );
}

/** A mistake of ours is told to the log; the page says that it stopped. */
class Guard extends Component<{ readonly children: ComponentChildren }, { readonly failed: string | null }> {
  override state: { readonly failed: string | null } = { failed: null };
  override componentDidCatch(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    api.postMessage({ kind: 'failed', message });
    this.setState({ failed: error instanceof Error ? error.message : String(error) });
  }
  override render(): ComponentChildren {
    return this.state.failed === null ? this.props.children : <p class="empty">{this.state.failed}</p>;
  }
}

const root = document.getElementById('topology');
if (root !== null)
  render(
    <Guard>
      <App />
    </Guard>,
    root,
  );
