/**
 * Results that are positive on success: an id, a count, or 1 for “it went well, and something more”. In: one function. Out: hits where any number but 0 is
 * taken for a failure.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { POSITIVE_AS_ERROR } from '../catalog-uapi';
import { doings, TELLS, UNDOES } from './calls';
import { mentions } from './mentions';
import { bareCondition, errnoOf } from './scan';
import type { PathRule, RuleHit } from './types';

interface Positive {
  readonly pattern: RegExp;
  /** What a positive result means. */
  readonly means: string;
  readonly reference: string;
}

const POSITIVES: readonly Positive[] = [
  {
    pattern: /^_?_?xa_alloc_cyclic(?:_bh|_irq)?$/,
    means: 'it allocated an index behind the point where the numbers began anew',
    reference: 'include/linux/xarray.h, xa_alloc_cyclic(): 1 if the allocation succeeded after wrapping',
  },
  {
    pattern: /^(?:idr_alloc(?:_cyclic|_u32)?|ida_(?:alloc(?:_range|_min|_max)?|simple_get))$/,
    means: 'it is the id that was allocated',
    reference: 'Documentation/core-api/idr.rst',
  },
  {
    pattern: /^(?:__)?pm_runtime_(?:get_sync|get|resume)$|^pm_request_resume$/,
    means: 'the device was active before',
    reference: 'Documentation/power/runtime_pm.rst, section 4: 1 if the status was already active',
  },
  {
    pattern: /^pci_(?:alloc_irq_vectors(?:_affinity)?|enable_msix?_range)$/,
    means: 'it is the number of vectors allocated',
    reference: 'Documentation/PCI/msi-howto.rst',
  },
  {
    pattern: /^(?:platform_get_irq(?:_byname)?(?:_optional)?|pci_irq_vector|of_irq_get(?:_byname)?|fwnode_irq_get)$/,
    means: 'it is the interrupt',
    reference: 'drivers/base/platform.c, platform_get_irq(): non-zero interrupt number on success',
  },
  {
    pattern: /^(?:__)?irq_(?:domain_alloc_irqs|alloc_descs?)$|^irq_alloc_desc_(?:at|from)$/,
    means: 'it is the first interrupt allocated',
    reference: 'kernel/irq/irqdomain.c, __irq_domain_alloc_irqs()',
  },
  {
    pattern: /^(?:pin|get)_user_pages(?:_fast|_remote|_unlocked)?$/,
    means: 'it is the number of pages pinned',
    reference: 'Documentation/core-api/pin_user_pages.rst',
  },
  {
    pattern: /^iommu_map_(?:sg|sgtable)$/,
    means: 'it is the number of bytes mapped',
    reference: 'include/linux/iommu.h, iommu_map_sgtable()',
  },
  {
    pattern: /^(?:get_unused_fd_flags|anon_inode_getfd)$/,
    means: 'it is the file descriptor',
    reference: 'Documentation/filesystems/porting.rst',
  },
];

const positive = (call: Expression | null): { readonly name: string; readonly is: Positive } | null => {
  const inner = call === null ? null : withoutCasts(call);
  const name = inner?.kind === 'call' && inner.target.kind === 'name' ? calleeOf(inner) : null;
  const is = name === null ? undefined : POSITIVES.find((one) => one.pattern.test(name));
  return name === null || is === undefined ? null : { name, is };
};

/** Is the condition that a value is not 0, with what the value is? */
function notZero(condition: Expression): Expression | null {
  const inner = bareCondition(condition);
  if (inner.kind === 'binary' && inner.operator === '!=') {
    const right = withoutCasts(inner.right);
    return right.kind === 'number' && right.value === 0 ? withoutCasts(inner.left) : null;
  }
  return inner;
}

const isError = (value: Expression | null, variable: string | null): boolean => {
  if (value === null) return false;
  const inner = withoutCasts(value);
  if (errnoOf(inner) !== null || (variable !== null && print(inner) === variable)) return true;
  return inner.kind === 'call' && /^(?:ERR_PTR|dev_err_probe)$/.test(calleeOf(inner) ?? '');
};

/** Does what follows treat what happened as a failure: leave with an error, say so, undo? Some statements are looked at, no further than the next test. */
function fails(program: Program, from: number, variable: string | null): boolean {
  let at = from;
  for (let steps = 0; steps < 6; steps++) {
    const node: ProgramNode | undefined = program.nodes[at];
    if (node === undefined) return false;
    if (node.kind === 'return') return isError(node.value, variable);
    if (node.kind === 'unknown')
      return node.text.startsWith('goto ') && /\bgoto (?:\w*_)?(?:err|fail|unwind|undo)/.test(node.text);
    if (node.kind !== 'do') return false;
    if (node.implicit !== true) {
      if (node.expression.kind === 'assign' && isError(node.expression.value, null)) return true;
      if (doings(node).some(({ name }) => /err|warn|alert|crit/.test(name) && TELLS.test(name))) return true;
      if (doings(node).some(({ name }) => UNDOES.test(name) || /restore/.test(name))) return true;
    }
    at = node.next;
  }
  return false;
}

/** The first test or reading of a variable behind a node on a straight way; null where the way forks before or it is given away. */
function firstTest(program: Program, from: number, variable: string): Extract<ProgramNode, { kind: 'branch' }> | null {
  let at = from;
  for (let steps = 0; steps < 6; steps++) {
    const node: ProgramNode | undefined = program.nodes[at];
    if (node?.kind === 'branch') return mentions(node.condition, variable) ? node : null;
    if (node?.kind !== 'do') return null;
    if (mentions(node.expression, variable)) return null;
    at = node.next;
  }
  return null;
}

function hit(at: Place, name: string, { means, reference }: Positive, test: Expression): RuleHit {
  return {
    rule: POSITIVE_AS_ERROR,
    at,
    message: `${printShort(test)} takes every result of ${name}() but 0 for a failure; when it is positive, ${means}`,
    key: `${name}|${print(test)}`,
    why: [
      {
        text: 'what succeeded is undone, or its number goes on to the caller as a result; only a negative one is an error',
        reference,
      },
    ],
    related: [],
    local: true,
  };
}

export const positiveAsErrorRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind === 'branch' && !node.loop) {
      const tested = notZero(node.condition);
      const set = tested?.kind === 'assign' && tested.operator === '=' ? tested : null;
      const call = positive(set === null ? tested : set.value);
      const variable = set === null ? null : print(withoutCasts(set.target));
      if (call !== null && tested !== null && fails(program, node.then, variable))
        hits.push(hit(node.at, call.name, call.is, tested));
      continue;
    }
    const [value, target, next] =
      node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
        ? [node.expression.value, print(withoutCasts(node.expression.target)), node.next]
        : node.kind === 'declare' && node.init !== null
          ? [node.init, node.variable.name, node.next]
          : [null, '', -1];
    const call = positive(value);
    if (call === null) continue;
    const test = firstTest(program, next, target);
    const tested = test === null ? null : notZero(test.condition);
    if (test === null || tested === null || print(tested) !== target || !fails(program, test.then, target)) continue;
    const here = hit(node.at, call.name, call.is, bareCondition(test.condition));
    hits.push({ ...here, related: [{ at: test.at, message: 'tested here' }] });
  }
  return hits;
};
