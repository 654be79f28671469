/**
 * What isolation hangs on beside the tests at attach: errors of what keeps users out, who may use an entry of interrupt remapping, whose
 * state decides. In: one function or one patch. Out: hits of class isolation.
 */
import { placeOf } from '../../code/file-image';
import type { ProgramNode } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, type namesIn, print, visit, withoutCasts } from '../../code/walk';
import {
  ALIAS_LOST,
  NOTIFIER_WITHOUT_INVALIDATION,
  SAFETY_RESULT_DROPPED,
  SOURCE_UNCHECKED,
  STATE_SHARED,
} from '../catalog-isolation';
import { DMA_MASK_FOREIGN } from '../catalog-window';
import { ATTACH_PATH_RULES, unmapUntoldPatchRule } from './attach-steps';
import { says } from './conditions';
import { flushTooEarlyRule, stepsSwappedRule } from './order-swapped';
import { reach } from './reach';
import { localHit } from './scan';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

/** Calls that gather or enforce what a guest must not reach, or that set up what it does. */
const KEEPS_OUT =
  /^(?:iommu_get_group_resv_regions|iommu_get_msi_cookie|iopt_table_enforce_dev_resv_regions|iopt_reserve_iova|vfio_iommu_resv_exclude|vfio_iommu_aper_resize|iommu_group_claim_dma_owner|iommu_device_claim_dma_owner|iommufd_group_setup_msi|iommufd_sw_msi_install|vfio_iommu_replay|iova_reserve_iommu_regions|iommu_dma_prepare_msi)$/;

const LOGS = /^(?:dev_(?:warn|err|info|dbg|notice)\w*|pr_\w+|WARN\w*|trace_\w+|printk)$/;

const reads = (node: ProgramNode, name: string): boolean =>
  expressionsOf(node).some((expression) => {
    let found = false;
    visit(expression, (inner) => {
      if (inner.kind === 'name' && inner.name === name) found = true;
    });
    return found;
  });

const writes = (node: ProgramNode, name: string): boolean =>
  node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === name;

/** Its failure is told to the log, and the function goes on. */
export const onlyLoggedRule: PathRule = (program) =>
  program.nodes.flatMap((node): RuleHit[] => {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return [];
    const call = withoutCasts(node.expression.value);
    const result = print(node.expression.target);
    const callee = call.kind === 'call' ? calleeOf(call) : null;
    if (call.kind !== 'call' || callee === null || !KEEPS_OUT.test(callee) || node.expression.target.kind !== 'name')
      return [];
    const test = program.nodes[node.next];
    if (test?.kind !== 'branch' || test.loop) return [];
    const said = says(test.condition, true, result);
    if (
      said === null ||
      !said.sure ||
      (said.said !== 'nonzero' && said.said !== 'negative') ||
      print(test.condition).includes('&&')
    )
      return [];
    const rest = reach(program, [test.otherwise]);
    const side = [...reach(program, [test.then], (_, at) => rest.has(at))].filter((at) => !rest.has(at));
    const logged = side.every((at) => {
      const one = program.nodes[at];
      return one?.kind === 'do' && one.expression.kind === 'call' && LOGS.test(calleeOf(one.expression) ?? '');
    });
    if (!logged || side.length === 0) return [];
    const later = reach(program, [test.otherwise], (one) => writes(one, result));
    if (
      [...later].some(
        (at) =>
          at !== node.next &&
          reads(program.nodes[at] as ProgramNode, result) &&
          !writes(program.nodes[at] as ProgramNode, result),
      )
    )
      return [];
    if ([...later].some((at) => program.nodes[at]?.kind === 'unknown')) return [];
    return [
      {
        rule: SAFETY_RESULT_DROPPED,
        at: test.at,
        message: `${callee}() may fail, which is logged, and ${program.name}() goes on as if it had not`,
        why: [
          {
            text: 'what it was to set up or keep out is missing then, and the user is told that all is well',
            reference: 'include/linux/iommu.h; invariant I3',
          },
        ],
        related: [{ at: call.at, message: 'its result' }],
        local: true,
      },
    ];
  });

/** An entry for one PCI function accepts messages of its neighbours, or of a whole range of buses. */
export const sourceWidenedRule: PathRule = (program) =>
  program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): RuleHit[] => {
      const args = call.args.map((arg) => print(withoutCasts(arg)));
      const name = calleeOf(call) ?? '';
      const ofPci = program.parameters.some((one) => /struct pci_dev \*/.test(one.type)) || /msi/.test(program.name);
      const some = /^set_irte_sid$/.test(name) && ofPci ? args.find((arg) => /^SQ_13_IGNORE_\d$/.test(arg)) : undefined;
      const all =
        /^set_irte_verify_bus$/.test(name) &&
        /^(?:0|0x0+)$/.test(args[1] ?? '') &&
        /^(?:255|0xff|U8_MAX)$/i.test(args[2] ?? '');
      if (some === undefined && !all) return [];
      return [
        localHit(
          SOURCE_UNCHECKED,
          call.at,
          some === undefined
            ? `${program.name}() makes an entry that accepts the message of any bus`
            : `${program.name}() makes an entry for one PCI function that leaves out bits of the function number (${some}): its neighbours use it too`,
          'functions of one slot can belong to different guests',
          'Intel VT-d specification 9.10: source-id qualifier',
        ),
      ];
    }),
  );

const ALIASES =
  /^(?:pci_for_each_dma_alias|pci_real_dma_dev|pci_msi_domain_get_msi_rid|iort_msi_map_id|of_msi_map_id)$/;

/** The requester id of a device behind a bridge is taken from the device itself. */
export const aliasLostRule: PathRule = (program, { before }) => {
  const was = before?.() ?? null;
  if (was === null) return [];
  const calls = program.nodes.flatMap(callsOf);
  const old = was.nodes.flatMap(callsOf);
  const lost = old.find((call) => ALIASES.test(calleeOf(call) ?? ''));
  const known = new Set(old.map(calleeOf));
  if (lost === undefined || calls.some((call) => ALIASES.test(calleeOf(call) ?? ''))) return [];
  const own = calls.find(
    (call) => /^(?:pci_dev_id|PCI_DEVID)$/.test(calleeOf(call) ?? '') && call.at.kind === 'message' && call.at.added,
  );
  if (
    own === undefined ||
    calls.some((call) => !known.has(calleeOf(call)) && /alias|rid|map_id|requester|parent/.test(calleeOf(call) ?? ''))
  )
    return [];
  return [
    {
      rule: ALIAS_LOST,
      at: own.at,
      message: `${program.name}() takes the id of the device itself and asks ${calleeOf(lost)}() no more`,
      why: [
        {
          text: 'behind a bridge requests carry the bridge’s id: the entry is made for an id nobody sends, and the one that is sent is not looked after',
          reference: 'pci_for_each_dma_alias() in drivers/pci/search.c',
        },
      ],
      related: [{ at: lost.at, message: 'as it was' }],
    },
  ];
};

/** What a driver of the device sets for its own DMA decides what the IOMMU's driver does for anybody. */
export const dmaMaskRule: PathRule = (program) => {
  if (!/^drivers\/iommu\//.test(program.file) || /dma-iommu|selftest|swiotlb/.test(program.file)) return [];
  if (
    !/add_device|probe_device|probe_finalize|attach|enable_|def_domain|domain_alloc|_sva|dev_feat|domain_init/.test(
      program.name,
    )
  )
    return [];
  return program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): RuleHit[] => {
      const name = calleeOf(call) ?? '';
      if (!/^dma_get_(?:required_)?mask$/.test(name)) return [];
      return [
        localHit(
          DMA_MASK_FOREIGN,
          call.at,
          `${program.name}() asks ${name}() what the device can address`,
          'the mask belongs to whoever uses the DMA interface: before a driver binds it is the default, under VFIO a leftover, and the required mask may come from this driver’s own operations',
          'Documentation/core-api/dma-api-howto.rst',
        ),
      ];
    }),
  );
};

const GLOBAL = /^static\s+(?:bool|int|u\d+|unsigned(?: int| long)?|size_t|phys_addr_t|dma_addr_t)\s+(\w+)\s*;/;

/** What a probe finds of one unit is kept in one place for all. */
export const stateSharedPatchRule: PatchRule = ({ change, after }) =>
  change.files.flatMap((file) => {
    if (!/^drivers\/(?:iommu|irqchip|vfio|pci\/controller)\/.*\.c$/.test(file.path)) return [];
    return file.hunks.flatMap((hunk) =>
      hunk.lines.flatMap((line): PatchHit[] => {
        const name = line.kind === 'add' ? GLOBAL.exec(line.text)?.[1] : undefined;
        if (name === undefined || /count|nr_|next|id$|ida|lock|once|debug/.test(name)) return [];
        for (const one of after.touched) {
          if (one.file !== file.path || one.program === null || !/probe|_cfg|hw_init|init_one/.test(one.name)) continue;
          if (one.program.parameters.length === 0 && one.evidence !== 'fragment') continue;
          const given = one.program.nodes.find(
            (node) =>
              writes(node, name) &&
              node.kind === 'do' &&
              node.expression.kind === 'assign' &&
              !/^(?:true|false|\d+|0x\w+)$/.test(print(node.expression.value)) &&
              ofUnit(node.expression.value),
          );
          if (given === undefined) continue;
          return [
            {
              ...localHit(
                STATE_SHARED,
                placeOf(line, change.message),
                `${name} is one for all units, and ${one.name}() writes into it what it found of one`,
                'the unit probed last decides for the others: what one may bypass or lacks, all do',
                'Documentation/driver-api/driver-model/design-patterns.rst: state container',
              ),
              related: [{ at: given.at, message: 'written here' }],
              local: false,
              file: file.path,
              function: one.name,
            },
          ];
        }
        return [];
      }),
    );
  });

/** A field of an IOMMU domain that can hold one device alone. */
const ONE_DEVICE = /^\s+(?:struct device\s*\*|struct pci_dev\s*\*|const char\s*\*\s*(?:name|dev_name))\s*\w*\s*;/;

/** A domain is shared by all devices attached to it, and is made to keep one of them. */
export const domainOfOnePatchRule: PatchRule = ({ change }) =>
  change.files.flatMap((file) => {
    if (!/^(?:drivers\/iommu\/.*\.[ch]|include\/linux\/iommu\.h)$/.test(file.path) || file.kind === 'add') return [];
    return file.hunks.flatMap((hunk) => {
      let owner = /^struct (\w*domain) \{/.exec(hunk.section)?.[1] ?? null;
      return hunk.lines.flatMap((line): PatchHit[] => {
        if (/^\S/.test(line.text)) owner = /^struct (\w*domain) \{/.exec(line.text)?.[1] ?? null;
        if (owner === null || line.kind !== 'add' || !ONE_DEVICE.test(line.text)) return [];
        return [
          {
            ...localHit(
              STATE_SHARED,
              placeOf(line, change.message),
              `struct ${owner} keeps one device, and a domain has as many as are attached to it`,
              'devices come and go while the domain stays: what is kept of one is wrong for the others, and stale when it has gone',
              'iommu_attach_device() and iommu_attach_group() in include/linux/iommu.h',
            ),
            file: file.path,
            function: owner,
          },
        ];
      });
    });
  });

/** Does the value come from the unit: a property, a register, a field? */
function ofUnit(value: Parameters<typeof namesIn>[0]): boolean {
  let found = false;
  visit(value, (inner) => {
    if (inner.kind === 'field') found = true;
    if (
      inner.kind === 'call' &&
      /of_property|device_property|readl|readq|read_reg|of_device_is|acpi/.test(calleeOf(inner) ?? '')
    )
      found = true;
  });
  return found;
}

const INVALIDATES = /^(?:invalidate_range(?:_start|_end)?|arch_invalidate_secondary_tlbs)$/;

/** A device that walks a process's page tables is not told when they change. */
export const notifierTableRule: PatchRule = ({ change, after }) =>
  [...after.set.tables.values()].flatMap((table): PatchHit[] => {
    const { at } = table;
    if (
      at.kind !== 'message' ||
      at.message !== change.message ||
      !at.added ||
      !/struct mmu_notifier_ops$/.test(table.type)
    )
      return [];
    if (table.init.kind !== 'initializer') return [];
    const fields = table.init.items.map((item) => item.field ?? '');
    if (fields.some((field) => INVALIDATES.test(field) || field === 'release')) return [];
    const file = change.files.find((one) => one.hunks.some((hunk) => hunk.lines.some((line) => line.line === at.line)));
    if (file === undefined || !/^drivers\/(?:iommu|vfio)\/|^virt\//.test(file.path)) return [];
    return [
      {
        rule: NOTIFIER_WITHOUT_INVALIDATION,
        at,
        message: `${table.name} has no callback for invalidation, and none for the end of the process`,
        why: [
          {
            text: 'pages the kernel takes from the process stay reachable for the device through its cached translations',
            reference: 'include/linux/mmu_notifier.h',
          },
        ],
        related: [],
        file: file.path,
        function: null,
      },
    ];
  });

export const MORE_PATH_RULES: readonly PathRule[] = [
  ...ATTACH_PATH_RULES,
  flushTooEarlyRule,
  stepsSwappedRule,
  onlyLoggedRule,
  sourceWidenedRule,
  aliasLostRule,
  dmaMaskRule,
];
export const MORE_PATCH_RULES: readonly PatchRule[] = [
  domainOfOnePatchRule,
  unmapUntoldPatchRule,
  stateSharedPatchRule,
  notifierTableRule,
];
