/**
 * Claims of isolation that the hardware cannot keep: an interrupt is isolated when something on its way to the processor checks who
 * sent it. In: functions and the lines of a patch. Out: claims at places whose hardware does no such check, or that look at nothing.
 */
import { placeOf } from '../../code/file-image';
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, partsOf, print, withoutCasts } from '../../code/walk';
import { CLAIM_UNFOUNDED } from '../catalog-isolation';
import { bareCondition } from './scan';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

/** Controllers that raise whatever number is written to them, whoever writes: they get no requester id, or do not look at it. */
const NO_SENDER_CHECK =
  /(?:gic-v2m|gic-v3-mbi|alpine-msi|mvebu-(?:gicp|odmi|icu|sei)|xgene-msi|ls-scfg-msi|irq-loongson-pch-msi|loongson-(?:liointc|htvec)|pcie-(?:designware|xilinx|altera|iproc|brcmstb|rcar|mediatek|tegra)[\w-]*|pci-(?:tegra|aardvark|mvebu|xgene|host-[\w-]+)|vmd)(?:-(?:msi|host|cpm|nwl))*\.c$/;

/** IOMMUs that translate the address of a message like any other, and leave the data to the controller behind. */
const TRANSLATES_ONLY =
  /\/(?:arm[-/]|arm-smmu|exynos-|rockchip-|mtk_|msm_|qcom_|ipmmu|omap-|sun50i|tegra-|sprd-|apple-dart|virtio-iommu|fsl_pamu|rk_)[\w./-]*\.c$|\/(?:arm-smmu|apple-dart|virtio-iommu|fsl_pamu)[\w-]*\.c$/;

const CAPABILITY = 'IOMMU_CAP_INTR_REMAP';

const isTrue = (value: Expression | null): boolean => {
  const inner = value === null ? null : withoutCasts(value);
  return (inner?.kind === 'name' && inner.name === 'true') || (inner?.kind === 'number' && inner.value === 1);
};

const names = (expression: Expression, name: string): boolean =>
  (expression.kind === 'name' && expression.name === name) || partsOf(expression).some((part) => names(part, name));

/** Calls that look at what stands behind the IOMMU: there a sender is checked, or not. */
const LOOKS_BEHIND = /isolat|msi_remap|irq_domain|intr_remap|its_/;

/**
 * Does an answer claim the capability? Of an IOMMU that only translates every answer does that is not no and does not look behind it: what its own registers say of
 * interrupts concerns those it raises itself.
 */
function claims(program: Program, value: Expression | null): boolean {
  if (value === null) return false;
  if (isTrue(value)) return true;
  if (!TRANSLATES_ONLY.test(program.file) || program.returns !== 'bool') return false;
  const inner = withoutCasts(value);
  if (inner.kind === 'number' || (inner.kind === 'name' && inner.name === 'false')) return false;
  return readsFlag(inner);
}

/** Where a helper looks for one kind of controller that checks senders, and not for the others that may stand beside it; null where it does not. */
function asksPresence(helper: Program | undefined): RuleHit['at'] | null {
  if (helper === undefined || helper.evidence === 'fragment') return null;
  const asked = helper.nodes.flatMap((node) => {
    const args = node.kind === 'each' && /for_each_compatible_node/.test(node.macro) ? node.args : [];
    const calls = callsOf(node).filter((call) => /^of_find_(?:compatible|matching)_node/.test(calleeOf(call) ?? ''));
    return [...args, ...calls.flatMap((call) => call.args)]
      .map(print)
      .filter((text) => text.startsWith('"'))
      .map((text) => ({ text, at: node.at }));
  });
  return asked.every(({ text }) => /-its"?$|gic-v3-its/.test(text)) ? (asked[0]?.at ?? null) : null;
}

/** The answer to the capability is that there is an ITS somewhere. */
export const presenceClaimRule: PathRule = (program, { programs }) => {
  if (!TRANSLATES_ONLY.test(program.file)) return [];
  return program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'switch') return [];
    return node.cases.flatMap((one): RuleHit[] => {
      const answer = print(one.value) === CAPABILITY ? settle(program, one.next) : undefined;
      const value = answer?.kind === 'return' && answer.value !== null ? withoutCasts(answer.value) : null;
      const name = value?.kind === 'call' ? (calleeOf(value) ?? '') : '';
      const at = name === '' ? null : asksPresence(programs.get(name));
      if (at === null || answer === undefined) return [];
      return [
        {
          rule: CLAIM_UNFOUNDED,
          at,
          message: `${program.name}() claims ${CAPABILITY} as soon as there is an ITS, whatever other controllers take messages beside it`,
          why: [
            {
              text: 'a GICv2m frame or a distributor with MBIs beside it checks no sender: a device may write there too',
              reference: 'Arm Server Base System Architecture, GICv2m appendix; IHI 0069 (GICv3)',
            },
          ],
          related: [{ at: answer.at, message: 'the answer' }],
          key: 'one ITS',
        },
      ];
    });
  });
};

/** Is it made of fields and constants alone: `smmu->features & FEAT_MSI`? */
function readsFlag(value: Expression): boolean {
  const inner = withoutCasts(value);
  if (inner.kind === 'field') return !LOOKS_BEHIND.test(print(inner));
  if (inner.kind === 'unary') return /^[!~]$/.test(inner.operator) && readsFlag(inner.operand);
  if (inner.kind !== 'binary') return false;
  const flag = (side: Expression): boolean =>
    side.kind === 'number' || (side.kind === 'name' && /^[A-Z0-9_]+$/.test(side.name));
  if (inner.operator === '&' && flag(withoutCasts(inner.right))) return readsFlag(inner.left);
  return (
    /^(?:&&|\|\||==|!=)$/.test(inner.operator) &&
    readsFlag(inner.left) &&
    (flag(withoutCasts(inner.right)) || readsFlag(inner.right))
  );
}

/** The node that comes next where nothing is done on the way. */
function settle(program: Program, index: number): Program['nodes'][number] | undefined {
  const node = program.nodes[index];
  return node?.kind === 'declare' ? settle(program, node.next) : node;
}

function claim(program: Program, at: RuleHit['at']): RuleHit {
  const translates = TRANSLATES_ONLY.test(program.file);
  return {
    rule: CLAIM_UNFOUNDED,
    at,
    message: translates
      ? `${program.name}() claims ${CAPABILITY}: this IOMMU translates the doorbell's address and does not check which interrupt a device may raise there`
      : `${program.name}() claims ${CAPABILITY} without looking whether interrupts are remapped`,
    why: [
      translates
        ? {
            text: 'whoever may write a doorbell page without device ids behind it (GICv2m, MBI) raises any interrupt of that frame, also those of the host',
            reference: 'Arm Server Base System Architecture, GICv2m appendix; IHI 0069 (GICv3)',
          }
        : {
            text: 'with remapping off any device raises any vector on any processor',
            reference: 'Intel VT-d specification ch. 5; AMD IOMMU specification ch. 2.2.5',
          },
    ],
    related: [],
    key: CAPABILITY,
  };
}

/** `case IOMMU_CAP_INTR_REMAP: return true;` and its other spellings, where nothing that remaps is asked. */
export const unfoundedClaimRule: PathRule = (program) => {
  if (!/drivers\/iommu\/|\/iommu\//.test(program.file) || /s390|selftest|hyperv|powerpc|spapr/.test(program.file))
    return [];
  for (const node of program.nodes) {
    if (node.kind === 'switch')
      for (const one of node.cases) {
        if (print(one.value) !== CAPABILITY) continue;
        const answer = settle(program, one.next);
        if (answer?.kind === 'return' && claims(program, answer.value)) return [claim(program, answer.at)];
      }
    if (node.kind === 'branch') {
      const condition = bareCondition(node.condition);
      if (condition.kind !== 'binary' || condition.operator !== '==' || !names(condition, CAPABILITY)) continue;
      const answer = settle(program, node.then);
      if (answer?.kind === 'return' && claims(program, answer.value)) return [claim(program, answer.at)];
    }
    if (node.kind === 'return' && node.value !== null && alone(withoutCasts(node.value)))
      return [claim(program, node.at)];
  }
  return [];
};

/** `cap == IOMMU_CAP_INTR_REMAP`, by itself or as one side of `||`. */
function alone(value: Expression): boolean {
  if (value.kind !== 'binary') return false;
  if (value.operator === '||') return alone(withoutCasts(value.left)) || alone(withoutCasts(value.right));
  return value.operator === '==' && (print(value.left) === CAPABILITY || print(value.right) === CAPABILITY);
}

/** A predicate on isolation that looks at nothing and says yes. */
export const emptyClaimRule: PathRule = (program) => {
  const only = program.nodes.length === 1 ? program.nodes[0] : undefined;
  if (program.evidence !== 'full' || only?.kind !== 'return' || !isTrue(only.value)) return [];
  if (
    !/isolated_msi|msi_remap$|intr_remap|doorbell_safe|msi_isolat/.test(program.name) ||
    /arch_|s390/.test(program.name)
  )
    return [];
  if (/^arch\/(?:s390|x86)\//.test(program.file)) return [];
  return [
    {
      rule: CLAIM_UNFOUNDED,
      at: only.at,
      message: `${program.name}() says yes without looking at anything: every device counts as isolated`,
      why: [
        {
          text: 'where it cannot be told who checks the sender of a message, the answer has to be no',
          reference: 'include/linux/msi.h, msi_device_has_isolated_msi()',
        },
      ],
      related: [],
    },
  ];
};

const DOMAIN_FLAG = /\b(IRQ_DOMAIN_FLAG_(?:MSI_REMAP|ISOLATED_MSI))\b/;

/** A driver of a controller without a check of the sender marks its irq domain as one with it. */
export const domainFlagRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const file of change.files) {
    if (!NO_SENDER_CHECK.test(file.path) && !(/\.c$/.test(file.path) && TRANSLATES_ONLY.test(file.path))) continue;
    const gone = new Set(
      file.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'delete').map((line) => line.text.trim())),
    );
    for (const line of file.hunks.flatMap((hunk) => hunk.lines)) {
      const flag = line.kind === 'add' ? DOMAIN_FLAG.exec(line.text) : null;
      // A test of the flag, its absence, and comments claim nothing.
      if (
        flag === null ||
        gone.has(line.text.trim()) ||
        /&=?\s*~?\s*\(?IRQ_DOMAIN_FLAG|^\s*(?:\*|\/\*|\/\/)/.test(line.text)
      )
        continue;
      const at = placeOf(line, change.message);
      const holder = after.touched.find(
        (one) => one.file === file.path && one.at.kind === 'message' && one.at.line <= line.line && !one.removed,
      );
      hits.push({
        rule: CLAIM_UNFOUNDED,
        at,
        message: `${flag[1]} is set for a controller that gets no device id, or does not look at it: it cannot tell who sent a message`,
        why: [
          {
            text: 'a device that may write this doorbell raises every interrupt of its frame, also those of the host and of other guests',
            reference: 'include/linux/irqdomain.h; Arm Server Base System Architecture, GICv2m appendix',
          },
        ],
        related: [],
        file: file.path,
        function: holder?.name ?? null,
      });
    }
  }
  return hits;
};
