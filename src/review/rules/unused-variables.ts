import { callsOf, expressionsOf, namesIn, visit } from '../../code/walk';
import { VARIABLE_UNUSED } from '../catalog-bisect';
import type { PathRule, RuleHit } from './types';

/** A local variable that the patch adds to a function known in full, and that nothing in it uses. */
export const unusedVariableRule: PathRule = (program) => {
  // Text that nobody could read (assembly above all) may use anything.
  if (program.evidence !== 'full' || program.nodes.some((node) => node.kind === 'unknown')) return [];
  // Declarations and nothing else: a macro's members, as in `FIXTURE(name) { int fd; };`.
  if (program.nodes.every((node) => node.kind === 'declare' || (node.kind === 'return' && node.value === null)))
    return [];
  const used = new Set<string>();
  const texts: string[] = [];
  for (const node of program.nodes) {
    for (const expression of expressionsOf(node)) {
      for (const name of namesIn(expression)) used.add(name);
      visit(expression, (inner) => {
        if (inner.kind === 'unknown') texts.push(inner.text);
        if (inner.kind === 'sizeof' || inner.kind === 'cast' || inner.kind === 'type')
          texts.push(inner.kind === 'cast' ? inner.type : (inner.type ?? ''));
        if (inner.kind === 'sizeof' && inner.operand !== null)
          for (const name of namesIn(inner.operand)) used.add(name);
      });
    }
    for (const call of callsOf(node)) if (call.target.kind === 'name') used.add(call.target.name);
    if (node.kind === 'declare' && node.variable.array !== null)
      for (const name of namesIn(node.variable.array)) used.add(name);
  }
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'declare') continue;
    const { name, type } = node.variable;
    if (name === '' || used.has(name) || /unused|cleanup|free|guard|class|extern|static/i.test(type)) continue;
    const word = new RegExp(`\\b${name}\\b`);
    if (texts.some((text) => word.test(text))) continue;
    hits.push({
      rule: VARIABLE_UNUSED,
      at: node.at,
      message: `Nothing in ${program.name}() uses ${name}`,
      key: name,
      why: [{ text: 'the compiler warns of it, and stops with CONFIG_WERROR', reference: null }],
      related: [],
      local: true,
    });
  }
  return hits;
};
