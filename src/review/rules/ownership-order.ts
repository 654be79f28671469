/**
 * Who owns a device's DMA, and what it may reach meanwhile. In: functions that claim and release, block and attach. Out: orders in which
 * kernel drivers and users share a device, and places where “blocked” opens everything.
 */
import type { Program } from '../../code/types';
import { calleeOf, callsOf, print, withoutCasts } from '../../code/walk';
import { BLOCKED_OPENS, OWNER_ORDER } from '../catalog-isolation';
import { says } from './conditions';
import { isAdded, reach, reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

const CLAIMS = /^iommu_(?:group|device)_claim_dma_owner$/;
const RELEASES = /^iommu_(?:group|device)_release_dma_owner$/;
const ATTACHES = /(?:^|_)attach(?:_|$)/;
const DETACHES = /(?:^|_)detach(?:_|$)/;

interface At {
  readonly index: number;
  readonly at: RuleHit['at'];
  readonly name: string;
}

const placed = (program: Program, names: RegExp, not: RegExp | null = null): At[] =>
  program.nodes.flatMap((node, index) =>
    callsOf(node).flatMap((call) => {
      const name = calleeOf(call) ?? '';
      return names.test(name) && !(not?.test(name) ?? false) ? [{ index, at: call.at, name }] : [];
    }),
  );

/** Attached before it is claimed, or released while it is attached. */
export const ownerOrderRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const pair = (first: At, second: At, message: string, text: string): void => {
    hits.push({
      rule: OWNER_ORDER,
      at: first.at,
      message,
      why: [{ text, reference: 'iommu_group_claim_dma_owner() in drivers/iommu/iommu.c; drivers/vfio/container.c' }],
      related: [{ at: second.at, message: `${second.name}() comes only here` }],
    });
  };
  const claims = placed(program, CLAIMS);
  for (const attach of claims.length === 0 ? [] : placed(program, ATTACHES, DETACHES)) {
    const claim = claims.find((one) => reachBehind(program, attach.index).has(one.index));
    if (claim === undefined || claims.some((one) => reachBehind(program, one.index).has(attach.index))) continue;
    pair(
      attach,
      claim,
      `${attach.name}() is called before ${claim.name}()`,
      'until the claim a driver of the kernel may drive another device of the group, and its DMA meets the user’s address space',
    );
  }
  const releases = placed(program, RELEASES);
  for (const release of releases) {
    // An error path that undoes the claim alone comes to no detach.
    const behind = reachBehind(program, release.index, (node) => node.kind === 'unknown' && node.gap === true);
    const detach = placed(program, DETACHES).find((one) => behind.has(one.index));
    if (detach === undefined || reachBehind(program, detach.index).has(release.index)) continue;
    pair(
      release,
      detach,
      `${release.name}() is called before ${detach.name}()`,
      'a kernel driver may bind meanwhile, and its DMA goes through the domain of the user',
    );
  }
  return hits;
};

const OPENS = /bypass|identity|passthrough|pass_through/;
const CLOSES = /abort|block|terminate|fault/;

/** Calls that put devices into a state in which their DMA goes untranslated. */
function opens(program: Program, index: number): RuleHit['at'] | null {
  const node = program.nodes[index];
  if (node === undefined) return null;
  for (const call of callsOf(node)) {
    const name = calleeOf(call) ?? '';
    if (/^(?:dev_|pr_|WARN|is_|iommu_is_)|_is_|supports|capable|print|def_domain|alloc/.test(name)) continue;
    const text = [name, ...call.args.map((arg) => print(withoutCasts(arg)))]
      .filter((one) => !one.startsWith('"'))
      .join(' ');
    if (
      OPENS.test(text) &&
      !CLOSES.test(text) &&
      /(?:^|_)(?:set|attach|make|install|write|init|switch|enable|replace)(?:_|$)/.test(name)
    )
      return call.at;
  }
  return null;
}

/** “Blocked” makes devices bypass translation, or what cannot be blocked is let through. */
export const blockedOpensRule: PathRule = (program) => {
  if (!/^drivers\/iommu\//.test(program.file) || /selftest/.test(program.file)) return [];
  const hits: RuleHit[] = [];
  const say = (at: RuleHit['at'], message: string): void => {
    hits.push({
      rule: BLOCKED_OPENS,
      at,
      message,
      why: [
        {
          text: 'a device without translation reaches all memory and every doorbell; where no domain can be attached its DMA has to end',
          reference: 'IOMMU_DOMAIN_BLOCKED and iommu_group_claim_dma_owner() in include/linux/iommu.h',
        },
      ],
      related: [],
      local: true,
    });
  };
  if (/block|abort/.test(program.name) && !/unblock|alloc|bypass|identity/.test(program.name))
    for (const index of program.nodes.keys()) {
      const at = opens(program, index);
      if (at !== null && !decidedByPolicy(program, index)) say(at, `${program.name}() lets DMA pass untranslated here`);
    }
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const failed = failureSide(program, index);
    if (failed === null) continue;
    const rest = new Set(reach(program, [failed.other]));
    for (const at of reach(program, [failed.side], (_, one) => rest.has(one))) {
      if (rest.has(at)) continue;
      const place = opens(program, at);
      if (place !== null && isAdded(program.nodes[at]))
        say(place, `when ${failed.callee}() fails ${program.name}() lets DMA pass untranslated instead`);
    }
  }
  return hits;
};

/** Is the node chosen by a setting, as `disable_bypass` or a quirk of the hardware? */
function decidedByPolicy(program: Program, index: number): boolean {
  return program.nodes.some(
    (node) =>
      node.kind === 'branch' &&
      /bypass|quirk|erratum|passthrough/.test(print(node.condition)) &&
      reach(program, [node.then]).has(index),
  );
}

/** The side on which a call that blocks or attaches failed. */
function failureSide(program: Program, index: number): { side: number; other: number; callee: string } | null {
  const node = program.nodes[index];
  if (node?.kind !== 'branch') return null;
  const sources = program.nodes.flatMap((each, at) => {
    if (!reach(program, [at]).has(index)) return [];
    const given =
      each.kind === 'declare' && each.init !== null
        ? { name: each.variable.name, value: withoutCasts(each.init) }
        : each.kind === 'do' && each.expression.kind === 'assign' && each.expression.operator === '='
          ? { name: print(each.expression.target), value: withoutCasts(each.expression.value) }
          : null;
    return given?.value.kind === 'call' ? [{ name: given.name, callee: calleeOf(given.value) ?? '' }] : [];
  });
  const last = sources.filter((one) => says(node.condition, true, one.name) !== null).at(-1);
  if (last === undefined || !/block|attach|set_domain|domain_alloc|alloc_\w*domain/.test(last.callee)) return null;
  const said = says(node.condition, true, last.name)?.said;
  if (said === 'nonzero' || said === 'negative' || said === 'error' || said === 'absent')
    return { side: node.then, other: node.otherwise, callee: last.callee };
  return null;
}
