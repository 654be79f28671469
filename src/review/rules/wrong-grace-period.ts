/**
 * Readers under SRCU, and an updater that waits for RCU. In: the lines of a patch and its functions. An SRCU read section is none of RCU:
 * neither `synchronize_rcu()` nor `call_rcu()` waits for it.
 */
import type { Program, ProgramNode } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { WRONG_GRACE_PERIOD } from '../catalog-handovers';
import { type Doing, doings } from './calls';
import type { PatchHit, PatchRule } from './types';

const SRCU_WAITS = /^(?:synchronize_srcu\w*|call_srcu|srcu_barrier|cleanup_srcu_struct|poll_state_synchronize_srcu)$/;
const RCU_WAITS =
  /^(?:synchronize_rcu\w*|call_rcu\w*|kfree_rcu\w*|kvfree_rcu\w*|synchronize_net|queue_rcu_work|cond_synchronize_rcu\w*)$/;
const REPLACES = /^(?:rcu_assign_pointer|rcu_replace_pointer|RCU_INIT_POINTER|xchg)$/;

interface Call {
  readonly doing: Doing;
  readonly node: ProgramNode;
}

const callsTo = (program: Program, names: RegExp): Call[] =>
  program.nodes.flatMap((node) =>
    doings(node).flatMap((doing) => (doing.direct && names.test(doing.name) ? [{ doing, node }] : [])),
  );

const isNew = (at: Place): boolean => at.kind === 'message' && at.added;

function fieldOf(doing: Doing): string | null {
  let arg = doing.call.args[0];
  if (arg === undefined) return null;
  arg = withoutCasts(arg);
  if (arg.kind === 'unary' && arg.operator === '&') arg = withoutCasts(arg.operand);
  return arg.kind === 'field' ? arg.field : null;
}

/** The patch waits for RCU where it waited for SRCU, or replaces a pointer that functions in sight read under SRCU. */
export const wrongGracePeriodRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  // Who moves the readers over as well knows what he does.
  const moved = change.files.some((file) =>
    file.hunks.some((hunk) =>
      hunk.lines.some((line) => line.kind === 'delete' && /\bsrcu_(?:read_lock|dereference)\w*\(/.test(line.text)),
    ),
  );
  if (moved) return [];
  /** Where a member is read under SRCU. */
  const read = new Map<string, Place>();
  for (const touched of after.touched) {
    const { program, removed } = touched;
    if (removed || program === null) continue;
    for (const { doing } of callsTo(program, /^srcu_dereference(?:_check)?$/)) {
      const field = fieldOf(doing);
      if (field !== null && !read.has(field)) read.set(field, doing.call.at);
    }
  }
  for (const { name, file, program, removed, before } of after.touched) {
    if (removed || program === null) continue;
    const rcu = callsTo(program, RCU_WAITS).filter(({ doing }) => isNew(doing.call.at));
    const wait = rcu[0]?.doing;
    if (wait === undefined || callsTo(program, SRCU_WAITS).length > 0) continue;
    const was = before();
    const waited =
      was === null ? [] : callsTo(was, SRCU_WAITS).filter(({ doing }) => doing.name !== 'cleanup_srcu_struct');
    const removedHere = waited[0]?.doing;
    const replaced = callsTo(program, REPLACES)
      .map(({ doing }) => ({ doing, field: fieldOf(doing) }))
      .find(({ field }) => field !== null && read.has(field));
    const reader = replaced?.field == null ? undefined : read.get(replaced.field);
    if (removedHere === undefined && reader === undefined) continue;
    const domain = removedHere?.call.args.at(removedHere.name === 'call_srcu' ? 0 : -1);
    hits.push({
      rule: WRONG_GRACE_PERIOD,
      at: wait.call.at,
      message:
        removedHere === undefined
          ? `${wait.name}() does not wait for those who read ${replaced?.field ?? 'it'} under SRCU`
          : `${wait.name}() stands where ${removedHere.name}() waited for the readers under ${domain === undefined ? 'SRCU' : print(domain)}`,
      key: `${name}|${wait.name}`,
      why: [
        {
          text: 'a read section of SRCU is none of RCU: its readers may still use what is freed after a grace period of RCU',
          reference: 'Documentation/RCU/checklist.rst',
        },
      ],
      related: [
        ...(reader === undefined ? [] : [{ at: reader, message: 'read under SRCU here' }]),
        ...(removedHere === undefined ? [] : [{ at: removedHere.call.at, message: 'waited for here before' }]),
      ],
      file,
      function: name,
    });
  }
  return hits;
};
