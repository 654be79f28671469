/**
 * The guarded door: a device comes into an address space of a user only behind a test that its interrupts are isolated, and that what
 * is reserved for the platform is kept out. In: functions of the paths that attach, and what a patch makes of them. Out: ways around the
 * test.
 */
import { placeOf } from '../../code/file-image';
import type { Expression, Program, ProgramNode } from '../../code/types';
import {
  type CallExpression,
  calleeOf,
  callsOf,
  expressionsOf,
  namesIn,
  print,
  visit,
  withoutCasts,
} from '../../code/walk';
import { CLAIM_UNFOUNDED, GUARD_BYPASSED } from '../catalog-isolation';
import { says } from './conditions';
import { type Senses, senseOf, sensesOf } from './group-quantifiers';
import { isAdded, reach } from './reach';
import { bareCondition, errnoOf } from './scan';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

/** Where devices are handed to users. */
const OF_USERS = /^drivers\/(?:vfio|iommu\/iommufd|vhost)\//;
const ISOLATION_TEST =
  /has_isolated_msi|isolated_msi$|check_msi_remap|has_msi_remap|msi_remap_capable|intr_remap|interrupts?_(?:are_)?isolated|is_isolated/;
const RESERVED_TEST =
  /^(?:vfio_iommu_resv_conflict|vfio_iommu_aper_conflict|vfio_iommu_resv_exclude|vfio_iommu_iova_aper_conflict|iopt_table_enforce_dev_resv_regions|iommu_get_group_resv_regions|iova_reserve_iommu_regions)$/;
const OVERRIDE = /^(?:allow_unsafe|unsafe_|enable_unsafe)\w*|\w*allow_unsafe\w*/;

type Kind = 'isolation' | 'reserved';

function tests(node: ProgramNode, kind: Kind): boolean {
  for (const call of callsOf(node)) {
    const name = calleeOf(call) ?? '';
    if (kind === 'reserved' ? RESERVED_TEST.test(name) : asksIsolation(call, name)) return true;
  }
  if (kind === 'reserved' || node.kind !== 'branch') return false;
  return [...namesIn(node.condition)].some((name) => /^allow_unsafe|msi_remap|isolated/.test(name));
}

const asksIsolation = (call: CallExpression, name: string): boolean =>
  ISOLATION_TEST.test(name) ||
  (/capable/.test(name) && call.args.some((arg) => print(withoutCasts(arg)) === 'IOMMU_CAP_INTR_REMAP'));

/** Brings a device into the user's address space, or makes the user its owner. */
function joins(node: ProgramNode): CallExpression | undefined {
  return callsOf(node).find((call) => {
    const name = calleeOf(call) ?? '';
    if (/detach|unbind|release|_put$/.test(name)) return false;
    if (/attach|claim_dma_owner|(?:^|_)bind(?:_|$)/.test(name)) return true;
    return /^list_add/.test(name) && /group|domain|device/.test(print(withoutCasts(call.args[1] ?? call)));
  });
}

/** Is a result known to be 0 at a branch: because the branch says so, or because it was tested after it was last given a value? */
function isZeroAt(program: Program, branch: number, taken: boolean, name: string): boolean {
  const node = program.nodes[branch];
  if (node?.kind !== 'branch') return false;
  const own = says(node.condition, taken, name);
  if (own !== null) return own.sure && own.said === 'zero';
  for (let at = branch - 1; at >= 0; at--) {
    const one = program.nodes[at];
    if (one?.kind === 'branch') {
      const said = says(one.condition, true, name)?.said;
      if (said === 'nonzero' || said === 'negative') return true;
    }
    if (one?.kind === 'do' && one.expression.kind === 'assign' && print(one.expression.target) === name)
      return print(withoutCasts(one.expression.value)) === '0';
    if (one?.kind === 'declare' && one.variable.name === name) return one.init !== null && print(one.init) === '0';
  }
  return false;
}

/** Ends the function well: with 0, with nothing, or with a result that is 0 here. Nothing that was attached is taken back. */
function succeeds(program: Program, side: ReadonlySet<number>, branch: number, taken: boolean): boolean {
  let well = false;
  const zeroed = new Set<string>();
  for (const at of side) {
    const node = program.nodes[at];
    if (node === undefined) continue;
    if (callsOf(node).some((call) => /detach|^iommu_domain_free$|_release_dma_owner/.test(calleeOf(call) ?? '')))
      return false;
    if (node.kind === 'do' && node.expression.kind === 'assign' && print(withoutCasts(node.expression.value)) === '0')
      zeroed.add(print(node.expression.target));
  }
  for (const at of side) {
    const node = program.nodes[at];
    if (node === undefined) continue;
    if (node.kind === 'return') {
      if (errnoOf(node.value) !== null || (node.value !== null && /ERR_PTR|ERR_CAST|NULL/.test(print(node.value))))
        return false;
      const value = node.value === null ? null : withoutCasts(node.value);
      if (
        value?.kind === 'name' &&
        !/^(?:true|false)$/.test(value.name) &&
        !zeroed.has(value.name) &&
        !isZeroAt(program, branch, taken, value.name)
      ) {
        // A pointer that is handed out is no error.
        if (!/\*\s*$/.test(program.returns)) return false;
      }
      well = true;
    }
    for (const expression of expressionsOf(node)) {
      let fails = false;
      visit(expression, (inner) => {
        if (inner.kind === 'assign' && (errnoOf(inner.value) !== null || /PTR_ERR/.test(print(inner.value))))
          fails = true;
        if (inner.kind === 'call' && /^(?:IS_ERR|PTR_ERR)/.test(calleeOf(inner) ?? '')) fails = true;
      });
      if (fails) return false;
    }
  }
  return well;
}

const SAYS: Readonly<Record<Kind, { readonly what: string; readonly text: string; readonly reference: string }>> = {
  isolation: {
    what: 'whether its interrupts are isolated',
    text: 'a device whose interrupts nothing checks raises those of the host once a user programs it',
    reference: 'Documentation/driver-api/vfio.rst; invariant I5',
  },
  reserved: {
    what: 'which regions are reserved for it',
    text: 'what the user has mapped already, or maps later, can lie over the doorbells and the regions the platform keeps',
    reference: 'iommu_get_group_resv_regions() in include/linux/iommu.h; invariant I8',
  },
};

function hit(at: RuleHit['at'], message: string, kind: Kind, related: RuleHit['related'] = []): RuleHit {
  const { text, reference } = SAYS[kind];
  return { rule: GUARD_BYPASSED, at, message, why: [{ text, reference }], related, key: `${kind}|${message}` };
}

/** A new way out, with success and a device attached, that leaves out the test all other ways come by. */
export const guardBypassedRule: PathRule = (program) => {
  if (!OF_USERS.test(program.file) || /detach|release|free|remove|unbind/.test(program.name)) return [];
  const hits: RuleHit[] = [];
  for (const kind of ['isolation', 'reserved'] as const) {
    if (!program.nodes.some((node) => tests(node, kind))) continue;
    const attached = program.nodes.some((node) => joins(node) !== undefined);
    if (!attached) continue;
    for (const [index, node] of program.nodes.entries()) {
      if (node.kind !== 'branch' || node.loop || tests(node, kind) || /IS_ERR/.test(print(node.condition))) continue;
      for (const [one, other] of [
        [node.then, node.otherwise],
        [node.otherwise, node.then],
      ] as const) {
        const first = program.nodes[one];
        if (!isAdded(node) && !isAdded(first)) continue;
        const stops = (each: ProgramNode): boolean => tests(each, kind) || each.kind === 'unknown';
        const side = reach(program, [one], stops);
        // The test, or lines nobody has seen, may still come.
        if ([...side].some((at) => stops(program.nodes[at] as ProgramNode))) continue;
        if (!succeeds(program, side, index, one === node.then)) continue;
        const rest = reach(program, [other]);
        const test = [...rest].find((at) => tests(program.nodes[at] as ProgramNode, kind));
        if (test === undefined) continue;
        // Something is attached on the way: here, or before.
        const here = [...side].some((at) => joins(program.nodes[at] as ProgramNode) !== undefined);
        const earlier = program.nodes.some(
          (each, at) => joins(each) !== undefined && !rest.has(at) && reach(program, [at]).has(index),
        );
        if (!here && !earlier) continue;
        // Tested before: the branch stands behind it.
        if (
          program.nodes.some(
            (each, at) => tests(each, kind) && at !== index && reach(program, [at]).has(index) && !rest.has(at),
          )
        )
          continue;
        hits.push(
          hit(
            first?.at.kind === 'message' && first.at.added ? first.at : node.at,
            `this way out of ${program.name}() attaches with success and never asks ${SAYS[kind].what}`,
            kind,
            [{ at: (program.nodes[test] as ProgramNode).at, message: 'the other ways ask it here' }],
          ),
        );
      }
    }
  }
  return hits;
};

/** What a condition comes to, given what the administrator allows and whether interrupts are isolated; null: it depends on more. */
function truth(expression: Expression, allowed: boolean, safe: boolean, known: Senses): boolean | null {
  const inner = bareCondition(expression);
  if (inner.kind === 'unary' && inner.operator === '!') {
    const value = truth(inner.operand, allowed, safe, known);
    return value === null ? null : !value;
  }
  if (inner.kind === 'binary' && /^(?:&&|\|\|)$/.test(inner.operator)) {
    const [left, right] = [truth(inner.left, allowed, safe, known), truth(inner.right, allowed, safe, known)];
    const decisive = inner.operator === '||';
    if (left === decisive || right === decisive) return decisive;
    return left === null || right === null ? null : !decisive;
  }
  if (inner.kind === 'name' && OVERRIDE.test(inner.name)) return allowed;
  if (inner.kind === 'call' && asksIsolation(inner, calleeOf(inner) ?? '')) return safe;
  const sense =
    /isolat|msi_remap|intr_remap/.test(print(inner)) || known.has(print(inner)) ? senseOf(inner, known) : null;
  return sense === null ? null : sense === 'safe' ? safe : !safe;
}

/** Does this side refuse at once? */
function refuses(program: Program, index: number): boolean {
  for (let at = index, steps = 0; steps < 4; steps++) {
    const node = program.nodes[at];
    if (node === undefined) return false;
    if (node.kind === 'return')
      return errnoOf(node.value) === 'EPERM' || /ERR_PTR\(-EPERM\)/.test(node.value === null ? '' : print(node.value));
    if (node.kind !== 'do') return false;
    if (node.expression.kind === 'assign' && errnoOf(node.expression.value) === 'EPERM') return true;
    at = node.next;
  }
  return false;
}

const names = (expression: Expression, wanted: (inner: Expression) => boolean): boolean => {
  let found = false;
  visit(expression, (inner) => {
    if (wanted(inner)) found = true;
  });
  return found;
};

/** The refusal hangs on the wrong outcome: it lets unsafe devices in, or keeps out what the administrator allowed. */
export const guardInvertedRule: PathRule = (program) => {
  if (!OF_USERS.test(program.file)) return [];
  const known = sensesOf(program);
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    const asks =
      names(node.condition, (inner) => inner.kind === 'call' && asksIsolation(inner, calleeOf(inner) ?? '')) ||
      names(
        node.condition,
        (inner) => inner.kind === 'name' && known.has(inner.name) && /isolat|msi_remap|intr_remap/.test(inner.name),
      );
    const overridden = names(node.condition, (inner) => inner.kind === 'name' && OVERRIDE.test(inner.name));
    if (!asks && !overridden) return [];
    for (const [side, when] of [
      [node.then, true],
      [node.otherwise, false],
    ] as const) {
      if (!refuses(program, side)) continue;
      // The other outcome may be refused too, further on: only what surely is wrong counts.
      const wrong: string[] = [];
      if (
        asks &&
        truth(node.condition, false, true, known) === when &&
        truth(node.condition, true, true, known) === when
      )
        wrong.push('isolated interrupts are refused');
      if (
        overridden &&
        truth(node.condition, true, false, known) === when &&
        truth(node.condition, true, true, known) === when
      )
        wrong.push('what the administrator allows is refused');
      const open = truth(node.condition, false, false, known);
      if (asks && overridden && open !== null && open !== when)
        wrong.push('interrupts that are not isolated are let in');
      if (wrong.length === 0) continue;
      return [hit(node.at, `${print(node.condition)}: ${wrong.join(', ')}`, 'isolation')].map((one) => ({
        ...one,
        local: true,
      }));
    }
    return [];
  });
};

/** Where the outcome is written down for others: `group->isolated_msi = true`. */
function claims(node: ProgramNode): string | null {
  if (node.kind !== 'do') return null;
  const inner = node.expression;
  const [target, value] =
    inner.kind === 'assign' && inner.operator === '='
      ? [inner.target, inner.value]
      : inner.kind === 'call' && calleeOf(inner) === 'WRITE_ONCE'
        ? [inner.args[0], inner.args[1]]
        : [undefined, undefined];
  if (target === undefined || value === undefined || !/^(?:true|1)$/.test(print(withoutCasts(value)))) return null;
  const place = withoutCasts(target);
  return place.kind === 'field' && /isolat|msi_safe|msi_remap|intr_remap/.test(place.field) ? print(place) : null;
}

/** Isolation is recorded on a way that only devices without it take. */
export const claimedUnsafeRule: PathRule = (program) => {
  const known = sensesOf(program);
  const written = program.nodes.flatMap((node, index) => {
    const place = claims(node);
    return place === null ? [] : [{ place, index, at: node.at }];
  });
  if (written.length === 0) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'branch' || node.loop) return [];
    if (!names(node.condition, (inner) => inner.kind === 'call' && asksIsolation(inner, calleeOf(inner) ?? '')))
      return [];
    return [
      [node.then, true],
      [node.otherwise, false],
    ].flatMap(([side, when]): RuleHit[] => {
      const only = [false, true].every((allowed) => truth(node.condition, allowed, true, known) === !when);
      if (!only) return [];
      const way = reach(program, [side as number]);
      return written
        .filter((one) => way.has(one.index))
        .map((one) => ({
          rule: CLAIM_UNFOUNDED,
          at: one.at,
          message: `${one.place} is set also for a device that is not isolated and was let in all the same`,
          why: [
            {
              text: 'whoever asks later is told of an isolation that the platform does not give',
              reference: 'invariant I4',
            },
          ],
          related: [{ at: node.at, message: 'asked here, and not isolated on this way' }],
        }));
    });
  });
};

const lines = (change: Parameters<PatchRule>[0]['change'], kind: 'add' | 'delete') =>
  change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === kind).map((line) => ({ file, line }))),
  );

/** `static bool allow_unsafe_interrupts = true;` */
const UNSAFE_DEFAULT = /^static\s+(?:bool|int|unsigned int)\s+(\w*unsafe\w*)[\w\s]*=\s*(?:true|1)\s*;/;

/** The switch that accepts interrupts without isolation is on unless somebody turns it off. */
export const unsafeDefaultRule: PatchRule = ({ change }) =>
  lines(change, 'add').flatMap(({ file, line }): PatchHit[] => {
    const name = UNSAFE_DEFAULT.exec(line.text)?.[1];
    if (name === undefined || !/\.c$/.test(file.path)) return [];
    return [
      {
        ...hit(
          placeOf(line, change.message),
          `${name} is on from the start: whoever did not choose runs without isolation`,
          'isolation',
        ),
        file: file.path,
        function: null,
      },
    ];
  });

const ASKS = new RegExp(
  `${ISOLATION_TEST.source}|IOMMU_CAP_INTR_REMAP|allow_unsafe|unsafe_interrupts|isolat|msi_remap`,
);

/** A function attaches as before, and the test of isolation it had is gone from the patch. */
export const guardLostRule: PatchRule = ({ change, after }) => {
  if (lines(change, 'add').some(({ line }) => ASKS.test(line.text))) return [];
  return after.touched.flatMap((one): PatchHit[] => {
    if (one.program === null || one.removed || !OF_USERS.test(one.file)) return [];
    const was = one.before();
    const lost = was?.nodes.find((node) => callsOf(node).some((call) => asksIsolation(call, calleeOf(call) ?? '')));
    if (was === null || lost === undefined || one.program.nodes.some((node) => tests(node, 'isolation'))) return [];
    const callee = callsOf(lost).find((call) => asksIsolation(call, calleeOf(call) ?? ''));
    const name = callee === undefined ? null : calleeOf(callee);
    const line = lines(change, 'delete').find(
      ({ file, line: each }) => file.path === one.file && name !== null && each.text.includes(`${name}(`),
    );
    if (line === undefined || name === null) return [];
    return [
      {
        ...hit(
          placeOf(line.line, change.message),
          `${one.name}() does not ask ${name}() any more, and nothing the patch adds does`,
          'isolation',
        ),
        file: one.file,
        function: one.name,
      },
    ];
  });
};

const OWNS = /^(?:iommu_group_claim_dma_owner|iommu_device_claim_dma_owner|iommu_attach_group|iommu_attach_device)$/;

/** A new way to bind or attach takes the same step as one in the same file that asks first, and does not ask. */
export const guardMissingRule: PatchRule = ({ after }) =>
  after.touched.flatMap((one): PatchHit[] => {
    const { program } = one;
    if (program === null || one.removed || one.evidence !== 'full' || !OF_USERS.test(one.file) || one.before() !== null)
      return [];
    const steps = program.nodes.flatMap((node) => callsOf(node).filter((call) => OWNS.test(calleeOf(call) ?? '')));
    const step = steps[0];
    if (step === undefined || step.at.kind !== 'message' || !step.at.added) return [];
    const name = calleeOf(step);
    const { programs } = after.tree;
    const asksSoon = (given: Program, depth: number): boolean =>
      given.nodes.some(
        (node) =>
          tests(node, 'isolation') ||
          (depth > 0 &&
            callsOf(node).some((call) => {
              const callee = programs.get(calleeOf(call) ?? '');
              return callee !== undefined && callee !== given && asksSoon(callee, depth - 1);
            })),
      );
    if (asksSoon(program, 2)) return [];
    const all = [...programs.values()];
    const callers = all.filter((each) =>
      each.nodes.some((node) => callsOf(node).some((call) => calleeOf(call) === program.name)),
    );
    if (callers.some((each) => asksSoon(each, 1))) return [];
    // A helper is as safe as those who call it, and of those the mail may show only a part.
    if (program.static && (callers.length === 0 || callers.some((each) => each.evidence !== 'full'))) return [];
    const sibling = all.find(
      (each) =>
        each.file === one.file &&
        each.name !== one.name &&
        each.nodes.some((node) => tests(node, 'isolation')) &&
        each.nodes.some((node) => callsOf(node).some((call) => calleeOf(call) === name)),
    );
    if (sibling === undefined) return [];
    return [
      {
        ...hit(
          step.at,
          `${program.name}() reaches ${name}() without asking ${SAYS.isolation.what}; ${sibling.name}() asks first`,
          'isolation',
          [{ at: sibling.at, message: 'the way that asks' }],
        ),
        file: one.file,
        function: one.name,
      },
    ];
  });

export const GUARD_PATH_RULES: readonly PathRule[] = [guardBypassedRule, guardInvertedRule, claimedUnsafeRule];
export const GUARD_PATCH_RULES: readonly PatchRule[] = [unsafeDefaultRule, guardLostRule, guardMissingRule];
