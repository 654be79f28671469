/** A rollback that undoes before it counts down. In: one function. Out: `do { undo(i) } while (i--)` behind a step that failed at i. */
import { successors } from '../../code/lower';
import { namesIn, print, withoutCasts } from '../../code/walk';
import { UNDOES_FAILED } from '../catalog-lifetime';
import { doings, UNDOES } from './calls';
import { reach } from './reach';
import { localHit } from './scan';
import { opposite } from './steps';
import type { PathRule, RuleHit } from './types';

/** The loop's body runs once with the element at which the step failed. */
export const undoFirstRule: PathRule = (program) =>
  program.nodes.flatMap((node, head): RuleHit[] => {
    if (node.kind !== 'branch' || !node.loop) return [];
    const test = withoutCasts(node.condition);
    const step = test.kind === 'binary' && /^(?:>|!=)$/.test(test.operator) ? withoutCasts(test.left) : test;
    if (step.kind !== 'update' || step.operator !== '--' || step.prefix || step.target.kind !== 'name') return [];
    const counter = step.target.name;
    const body = reach(program, [node.then], (_, at) => at === head);
    // Entered at the body, not at the test.
    const entries = program.nodes.flatMap((one, at) =>
      body.has(at) || !successors(one).includes(node.then) ? [] : [at],
    );
    const before = program.nodes.some((one, at) => !body.has(at) && successors(one).includes(head));
    if (entries.length === 0 || before) return [];
    const undoing = [...body]
      .flatMap((at) => doings(program.nodes[at] ?? node))
      .find((doing) => UNDOES.test(doing.name) && doing.call.args.some((arg) => namesIn(arg).has(counter)));
    if (undoing === undefined) return [];
    for (const at of entries) {
      const failing = program.nodes.findIndex((one, index) => {
        const made = doings(one).find((doing) => opposite(doing.name, undoing.name) && doing.into !== null);
        const next = 'next' in one ? program.nodes[one.next] : undefined;
        if (made?.into == null || next?.kind !== 'branch' || !namesIn(next.condition).has(print(made.into)))
          return false;
        // The failing side comes to the rollback with nothing undone and the counter as it is.
        if (next.then === node.then) return 'next' in one && one.next === at && countedAround(index);
        const way = reach(program, [next.then], (_, to) => to === at);
        const plain = [...way].every((to) => {
          const step = program.nodes[to];
          return (
            step?.kind === 'do' &&
            !doings(step).some((doing) => UNDOES.test(doing.name)) &&
            !(step.expression.kind !== 'call' && namesIn(step.expression).has(counter))
          );
        });
        return way.has(at) && plain && countedAround(index);
      });
      const did = program.nodes[failing];
      if (did === undefined) continue;
      return [
        {
          ...localHit(
            UNDOES_FAILED,
            node.at,
            `the rollback starts with element ${counter} itself, and that is the one whose ${doings(did)[0]?.name ?? 'step'}() failed`,
            `what was not done is undone; while (${counter}--) starts with the one before`,
          ),
          related: [
            { at: undoing.call.at, message: 'undone before anything is counted down' },
            { at: did.at, message: 'the step that fails' },
          ],
        },
      ];
    }
    return [];

    /** Does a walk that counts by the counter lead to a node? */
    function countedAround(index: number): boolean {
      return program.nodes.some((one) => {
        if (one.kind === 'each')
          return one.args.some((arg) => print(arg) === counter) && reach(program, [one.body]).has(index);
        return (
          one.kind === 'branch' &&
          one.loop &&
          one !== node &&
          namesIn(one.condition).has(counter) &&
          reach(program, [one.then]).has(index)
        );
      });
    }
  });
