/** The head of the panel: which scenario, machine, design and prefix is shown, chosen by native lists. */
import type { TraceChoice } from '../protocol';
import { useSay } from './say';

interface Props {
  readonly choices: readonly TraceChoice[];
  readonly current: TraceChoice;
  readonly onChoose: (trace: string) => void;
}

type Key = 'title' | 'machine' | 'design' | 'prefix' | 'injected';

const ORDER: readonly Key[] = ['title', 'machine', 'design', 'prefix', 'injected'];

/** The choice nearest to the current one that has this value: as many of the other values kept as can be, the first ones first. */
function nearest(choices: readonly TraceChoice[], current: TraceChoice, key: Key, value: string): TraceChoice | null {
  const among = choices.filter((choice) => String(choice[key]) === value);
  const score = (choice: TraceChoice): number =>
    ORDER.reduce(
      (sum, other, i) => sum + (other !== key && choice[other] === current[other] ? 2 ** (ORDER.length - i) : 0),
      0,
    );
  return among.sort((a, b) => score(b) - score(a))[0] ?? null;
}

export function Choices({ choices, current, onChoose }: Props) {
  const say = useSay();
  const words: Record<Key, string> = {
    title: say('Scenario'),
    machine: say('Machine'),
    design: say('Design'),
    prefix: say('Patches applied'),
    injected: say('Run'),
  };
  const label = (key: Key, choice: TraceChoice): string => {
    if (key === 'prefix')
      return choice.prefix === 0 ? say('before the series') : say('patches 1–{0} of {1}', choice.prefix, choice.total);
    if (key === 'injected') return choice.injected === null ? say('plain run') : say('{0} fails', choice.injected);
    return String(choice[key]);
  };
  return (
    <>
      {ORDER.map((key) => {
        // A list offers what can be combined with what stands before it.
        const before = ORDER.slice(0, ORDER.indexOf(key));
        const fitting = choices.filter(
          (choice) => key === 'title' || before.every((other) => choice[other] === current[other]),
        );
        const values = new Map(fitting.map((choice) => [String(choice[key]), choice]));
        if (values.size === 0 || (key !== 'title' && key !== 'machine' && values.size === 1 && key !== 'prefix'))
          return null;
        if (key === 'prefix' && current.total === 0) return null;
        return (
          <select
            key={key}
            class={`choice choice-${key}`}
            aria-label={words[key]}
            title={words[key]}
            value={String(current[key])}
            onChange={(event) => {
              const found = nearest(fitting, current, key, event.currentTarget.value);
              if (found !== null) onChoose(found.id);
            }}
          >
            {[...values].map(([value, choice]) => (
              <option key={value} value={value}>
                {label(key, choice)}
              </option>
            ))}
          </select>
        );
      })}
    </>
  );
}
