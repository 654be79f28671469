/**
 * Programs that are alike but for where they stand in the mails: another version of a series, or the same one after an edit further up. In: answers
 * that a run was given, and another set's. Out: how one's places become the other's, and the run's result with those. A run asks nothing
 * of a place but whether two are the same, on one line, and on a line that a patch adds: where that stays, the run does.
 */
import type { MessagePlace } from '../place';
import type { ScenarioResult } from '../scenario/types';

/** A value's text with every place in the mails left out, and those places in order. */
interface Shape {
  readonly text: string;
  readonly places: readonly MessagePlace[];
}

const shapes = new WeakMap<object, Shape | null>();

function isMessagePlace(value: unknown): value is MessagePlace {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<MessagePlace>).kind === 'message' &&
    typeof (value as Partial<MessagePlace>).line === 'number'
  );
}

/** Null for a whole program of a design, which is itself alone. */
function shapeOf(of: object): Shape | null {
  let shape = shapes.get(of);
  if (shape === undefined) {
    const { source, evidence } = of as { readonly source?: string; readonly evidence?: string };
    if (source === 'design' && evidence === 'full') shape = null;
    else {
      const places: MessagePlace[] = [];
      const text = JSON.stringify(of, (_, value: unknown) => {
        if (!isMessagePlace(value)) return value;
        places.push(value);
        return { kind: value.kind, added: value.added };
      });
      shape = { text, places };
    }
    shapes.set(of, shape);
  }
  return shape;
}

/** Does some of it stand in the mails? */
export function isOfSeries(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || value instanceof Map) return false;
  return (shapeOf(value)?.places.length ?? 0) > 0;
}

/** How far two different answers are alike: in all, in all but their places, or not. */
export function likenessOf(a: unknown, b: unknown): 'same' | 'moved' | false {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map || b instanceof Map) return false;
  const one = shapeOf(a);
  const other = shapeOf(b);
  if (one === null || other === null || one.text !== other.text) return false;
  return one.places.every((place, i) => stretch(place) === stretch(other.places[i])) ? 'same' : 'moved';
}

const row = ({ message, line }: MessagePlace): string => `${message}:${line}`;
const spot = (place: MessagePlace): string => `${row(place)}:${place.column}`;
const stretch = (place: MessagePlace | undefined): string =>
  place === undefined ? '' : `${spot(place)}:${place.endLine}:${place.endColumn}`;

/** Places of now, by the stretches of then. */
export type Moves = ReadonlyMap<string, MessagePlace>;

export const UNMOVED: Moves = new Map();

/** Takes down that one thing is another now; false when that contradicts what was taken down before. */
function joins(to: Map<string, string>, from: Map<string, string>, then: string, now: string): boolean {
  const known = to.get(then) ?? now;
  const knownBack = from.get(now) ?? then;
  to.set(then, known);
  from.set(now, knownBack);
  return known === now && knownBack === then;
}

/** How the places of the first become those of the second, pair by pair; null where two that were one are apart now, or the other way round. */
export function movesOf(pairs: readonly (readonly [object, object])[]): Moves | null {
  const moves = new Map<string, MessagePlace>();
  const spots = [new Map<string, string>(), new Map<string, string>()] as const;
  const rows = [new Map<string, string>(), new Map<string, string>()] as const;
  for (const [a, b] of pairs) {
    const now = shapeOf(b)?.places ?? [];
    for (const [i, place] of (shapeOf(a)?.places ?? []).entries()) {
      const other = now[i];
      if (other === undefined || !joins(...spots, spot(place), spot(other)) || !joins(...rows, row(place), row(other)))
        return null;
      const known = moves.get(stretch(place));
      if (known !== undefined && stretch(known) !== stretch(other)) return null;
      moves.set(stretch(place), other);
    }
  }
  return moves;
}

/** A result whose places are moved; null when it names a place whose new one is not known. The same result when nothing moves. */
export function taken(result: ScenarioResult, moves: Moves): ScenarioResult | null {
  if (moves.size === 0) return result;
  let lost = false;
  const traces = result.traces.map((trace) => ({
    ...trace,
    events: trace.events.map((event) => {
      if (event.at?.kind !== 'message') return event;
      const at = moves.get(stretch(event.at));
      lost ||= at === undefined;
      return at === undefined ? event : { ...event, at };
    }),
  }));
  return lost ? null : { ...result, traces };
}
