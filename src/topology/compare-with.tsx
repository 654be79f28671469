/** The list of traces that the one on display can be held against. */
import type { Counterpart } from '../protocol';
import { useSay } from './say';

interface Props {
  readonly counterparts: readonly Counterpart[];
  /** Key of the one that is shown beside it, or null. */
  readonly current: string | null;
  readonly onCompare: (key: string) => void;
}

export function CompareWith({ counterparts, current, onCompare }: Props) {
  const say = useSay();
  if (counterparts.length === 0) return null;
  const groups = [...new Set(counterparts.map(({ group }) => group))];
  return (
    <select
      class="choice compare-with"
      aria-label={say('Compare with')}
      title={say('Compare with')}
      value={current ?? ''}
      onChange={(event) => {
        const { value } = event.currentTarget;
        // The list says what is shown: it changes when the other trace is there.
        event.currentTarget.value = current ?? '';
        if (value !== '') onCompare(value);
      }}
    >
      {current === null && <option value="">{say('Compare with…')}</option>}
      {groups.map((group) => (
        <optgroup key={group} label={group}>
          {counterparts
            .filter((one) => one.group === group)
            .map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}
