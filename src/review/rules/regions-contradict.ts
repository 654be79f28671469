/**
 * What a driver reports of one device. In: one function, and what it calls. Out: ways on which the device has both a region where hardware
 * takes MSIs and a window where software maps doorbells.
 */
import type { Program, ProgramNode } from '../../code/types';
import { type CallExpression, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import { REGIONS_CONTRADICT } from '../catalog-window';
import { doings, written } from './calls';
import { explore, stepsOf, type Trail } from './explore';
import { isAdded } from './reach';
import type { PathRule, RuleHit } from './types';

type Kind = 'IOMMU_RESV_MSI' | 'IOMMU_RESV_SW_MSI';

/** Makes or enters one region. */
const MAKES = /resv|reserved|region/;
const NOT_MAKING = /(?:^|_)(?:find|has|is|get|put|free|del|remove|count|match|test|check|type)(?:_|$)/;

interface Report {
  readonly kind: Kind;
  readonly call: CallExpression;
  /** The variable that holds the region; null when nobody keeps it. */
  readonly into: string | null;
}

function reportOf(node: ProgramNode): Report | null {
  for (const { call, name, into } of doings(node)) {
    if (!MAKES.test(name) || NOT_MAKING.test(name)) continue;
    const kind = call.args.map((arg) => print(withoutCasts(arg))).find((arg) => /^IOMMU_RESV_(?:SW_)?MSI$/.test(arg));
    if (kind !== undefined) return { kind: kind as Kind, call, into: into === null ? null : print(into) };
  }
  return null;
}

/** The one kind that a helper of known body reports; null for none, either and unknown. */
function reportsWithin(program: Program): Kind | null {
  if (program.evidence === 'fragment') return null;
  const kinds = new Set(program.nodes.flatMap((node) => reportOf(node)?.kind ?? []));
  return kinds.size === 1 && program.parameters.some((one) => /struct list_head \*$/.test(one.type))
    ? ([...kinds][0] ?? null)
    : null;
}

/** The nodes that every way through the function passes, as far as it goes: up to the first decision that does not just leave. */
function inAnyCase(program: Program): ReadonlySet<number> {
  const passed = new Set<number>();
  for (let at = program.entry; ; ) {
    const node = program.nodes[at];
    if (node === undefined || passed.has(at)) return passed;
    if (node.kind === 'branch' && !node.loop) {
      if (program.nodes[node.then]?.kind !== 'return') return passed;
      at = node.otherwise;
      continue;
    }
    if (node.kind !== 'do' && node.kind !== 'declare') return passed;
    passed.add(at);
    at = node.next;
  }
}

interface State {
  readonly kind: Kind | null;
  readonly at: number;
}

/** One device is given regions of both kinds on one way through a function. */
export const regionsContradictRule: PathRule = (program, { programs }) => {
  const reports = new Map<number, Report>();
  for (const [index, node] of program.nodes.entries()) {
    const own = reportOf(node);
    if (own !== null) reports.set(index, own);
    else
      for (const call of callsOf(node)) {
        const helper = call.target.kind === 'name' ? programs.get(call.target.name) : undefined;
        const kind = helper === undefined || helper === program ? null : reportsWithin(helper);
        if (kind !== null) reports.set(index, { kind, call, into: null });
      }
  }
  if (new Set([...reports.values()].map((one) => one.kind)).size < 2) return [];
  const straight = inAnyCase(program);
  const hits: RuleHit[] = [];
  const said = new Set<number>();
  explore<State>(program, {
    initial: { kind: null, at: -1 },
    key: (state) => `${state.kind}${state.at}`,
    // Lines out of sight may leave the function; on ways that go on, what was reported in any case still is.
    unseen: (state) => (straight.has(state.at) ? state : { kind: null, at: -1 }),
    step(state, node, _decision, index, trail) {
      const report = reports.get(index);
      if (report === undefined) return state;
      if (state.kind !== null && state.kind !== report.kind && !said.has(index) && !asks(state.at, trail)) {
        said.add(index);
        const first = program.nodes[state.at] ?? node;
        const [blamed, other] = isAdded(node) || !isAdded(first) ? [node, first] : [first, node];
        hits.push({
          rule: REGIONS_CONTRADICT,
          at: blamed.at,
          message: `${program.name}() reports ${report.kind} for a device that has ${state.kind} on the same way`,
          why: [
            {
              text: 'either hardware takes the MSIs or software maps the doorbell: with both, the order of the list decides what a user of the device does',
              reference: 'enum iommu_resv_type in include/linux/iommu.h; iopt_table_enforce_dev_resv_regions()',
            },
          ],
          related: [{ at: other.at, message: `${blamed === node ? state.kind : report.kind} here` }],
        });
      }
      return { kind: report.kind, at: index };
    },
  });
  return hits;

  /** Does the way from the first report on turn by something that was set along with it: a flag, the region found? */
  function asks(from: number, trail: Trail | null): boolean {
    const steps = stepsOf(trail);
    const start = steps.findLastIndex((step) => step.node === from);
    const entered = steps.slice(0, start).findLastIndex((step) => program.nodes[step.node]?.kind === 'branch');
    const own = reports.get(from)?.into ?? null;
    const set = new Set<string>();
    for (const step of steps.slice(entered < 0 ? start : entered + 1)) {
      const node = program.nodes[step.node];
      if (node === undefined) continue;
      if (node.kind === 'branch' && !node.loop) {
        const names = [...namesIn(node.condition)];
        if (names.some((name) => set.has(name) && name !== own)) return true;
      }
      for (const place of written(node)) set.add(place);
    }
    return false;
  }
};
