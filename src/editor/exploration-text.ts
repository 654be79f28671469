/** What exploring a scenario gave, as a Markdown document. Knows no VS Code. */
import type { Explored } from '../protocol';
import { code, prose } from './markdown';

/** @param title of the scenario; `words` translates our own sentences, placeholders `{0}` … filled in */
export function explorationText(
  title: string,
  results: readonly Explored[],
  words: (sentence: string, ...values: (string | number)[]) => string,
): string {
  const parts = [`# ${prose(title)}`];
  for (const { scenario, machine, reason, coverage, counterexample } of results) {
    parts.push(`## ${prose(machine)}${scenario.includes('[') ? ` · ${code(scenario)}` : ''}`);
    if (coverage === null) {
      parts.push(words('Not explored: {0}.', prose(reason ?? '')));
      continue;
    }
    const { states, configurations, depth, extent, bound } = coverage;
    const seen = words('{0} states, {1} configurations of the machine, depth {2}.', states, configurations, depth);
    if (counterexample !== null) {
      parts.push(`**✕ ${prose(`${counterexample.invariant}: ${counterexample.message}`)}**`);
      parts.push(words('The shortest way there:'));
      parts.push(
        counterexample.moves.map(({ actor, text }, i) => `${i + 1}. **${prose(actor)}** ${prose(text)}`).join('\n'),
      );
    } else if (extent === 'complete') parts.push(`✓ ${words('Holds in every order: all of it was looked at.')}`);
    else if (bound === 'depth') parts.push(`? ${words('Nothing found within the bound on depth.')}`);
    else parts.push(`? ${words('Nothing found within the bound on states.')}`);
    parts.push(seen);
  }
  return `${parts.join('\n\n')}\n`;
}
