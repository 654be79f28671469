/**
 * Mapping a doorbell and telling the device its address. In: programs. Out: hits of class window: the domain it is mapped in, the rights, the size,
 * and what is written to the message.
 */
import type { Expression, Program } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { DOORBELL_PROT, MSI_ADDRESS, MSI_DOMAIN, UNMAP_SIZE } from '../catalog-window';
import { localHit, operandsOf, scan } from './scan';
import type { PathRule, RuleHit } from './types';

const OF_MSI = /(?:^|_)(?:msi|doorbell|msix)(?:_|$)/;

/** The domain of the kernel’s own DMA is taken where the one that the device is attached to is wanted. */
export const msiDomainRule: PathRule = (program) => {
  if (!OF_MSI.test(program.name) || /_cookie$/.test(program.name)) return [];
  const hits: RuleHit[] = [];
  const say = (at: Place, what: string) =>
    hits.push({
      rule: MSI_DOMAIN,
      at,
      message: `${program.name}() takes ${what}: a device that a user owns is attached to another domain, and its doorbell is not mapped there`,
      why: [
        {
          text: 'an MSI goes through the domain that the device is attached to, whoever owns it; the default domain is that of the kernel’s own DMA',
          reference: 'iommu_get_domain_for_dev() and iommu_get_dma_domain() in drivers/iommu/iommu.c',
        },
      ],
      related: [],
      local: true,
    });
  for (const node of program.nodes) {
    const value =
      node.kind === 'return'
        ? node.value
        : node.kind === 'declare' && /struct iommu_domain \*$/.test(node.variable.type)
          ? node.init
          : node.kind === 'do' && node.expression.kind === 'assign' && node.expression.operator === '='
            ? node.expression.value
            : null;
    const inner = value === null ? null : withoutCasts(value);
    if (inner === null) continue;
    if (inner.kind === 'field' && inner.field === 'default_domain' && !stillDecides(program, inner))
      say(node.at, printShort(inner));
    else if (inner.kind === 'call' && calleeOf(inner) === 'iommu_get_dma_domain') say(node.at, printShort(inner));
  }
  return hits;
};

/** Is the default domain compared with the attached one somewhere? */
function stillDecides(program: Program, value: Expression): boolean {
  const text = print(value);
  return program.nodes.some(
    (node) =>
      node.kind === 'branch' && print(node.condition).includes(text) && /->domain\b/.test(print(node.condition)),
  );
}

/** Where the rights stand in the arguments. */
const PROT_AT: Readonly<Record<string, number>> = {
  iommu_map: 4,
  iommu_map_atomic: 4,
  iommu_alloc_resv_region: 2,
  iommu_get_reserved_iova: 2,
  __iommu_dma_map: 3,
};

/** The `IOMMU_…` rights an expression or-s together; null when anything else is in it. */
function rightsOf(expression: Expression | undefined, program: Program): ReadonlySet<string> | null {
  if (expression === undefined) return null;
  let value = withoutCasts(expression);
  if (value.kind === 'name' && !/^IOMMU_/.test(value.name)) {
    const { name } = value;
    const given = program.nodes.flatMap((node): Expression[] => {
      if (node.kind === 'declare' && node.variable.name === name && node.init !== null) return [node.init];
      if (node.kind !== 'do' || node.expression.kind !== 'assign') return [];
      return print(node.expression.target) === name
        ? [node.expression.operator === '=' ? node.expression.value : node.expression]
        : [];
    });
    if (given.length !== 1 || given[0] === undefined) return null;
    value = withoutCasts(given[0]);
  }
  const parts = operandsOf(value, '|').map(withoutCasts);
  const names = parts.map((part) =>
    part.kind === 'name' && /^IOMMU_(?:READ|WRITE|CACHE|NOEXEC|MMIO|PRIV)$/.test(part.name) ? part.name : null,
  );
  return names.some((name) => name === null) ? null : new Set(names.flatMap((name) => name ?? []));
}

interface DoorbellMap {
  readonly callee: string;
  readonly rights: ReadonlySet<string>;
  readonly at: Place;
}

function doorbellMaps(program: Program): DoorbellMap[] {
  return program.nodes.flatMap((node) =>
    callsOf(node).flatMap((call): DoorbellMap[] => {
      const callee = calleeOf(call) ?? '';
      const place = PROT_AT[callee];
      if (place === undefined) return [];
      const texts = call.args.map(print);
      const isDoorbell =
        callee === 'iommu_alloc_resv_region'
          ? texts.some((text) => text === 'IOMMU_RESV_SW_MSI')
          : OF_MSI.test(program.name) ||
            texts.some((text) => /\b(?:msi|doorbell)_?\w*(?:addr|phys|page|pa)\b|\bdoorbell\b|->msi_addr\b/.test(text));
      const rights = isDoorbell ? rightsOf(call.args[place], program) : null;
      return rights === null ? [] : [{ callee, rights, at: call.at }];
    }),
  );
}

/** A doorbell is device memory that the device writes to. */
export const doorbellProtRule: PathRule = (program, { before }) => {
  const maps = doorbellMaps(program);
  if (maps.length === 0) return [];
  const earlier = before?.() ?? null;
  const old = earlier === null ? [] : doorbellMaps(earlier);
  return maps.flatMap(({ callee, rights, at }): RuleHit[] => {
    const had = (right: string): boolean => old.some((one) => one.callee === callee && one.rights.has(right));
    const wrong = !rights.has('IOMMU_WRITE')
      ? ['is not writable', 'the device raises its interrupt by a write, which now faults']
      : rights.has('IOMMU_CACHE')
        ? [
            'is mapped cacheable (IOMMU_CACHE)',
            'a doorbell is a device register: a cacheable write to it need not arrive, or not at once',
          ]
        : had('IOMMU_MMIO') && !rights.has('IOMMU_MMIO')
          ? [
              'is no longer mapped as device memory (IOMMU_MMIO)',
              'a doorbell is a device register: normal memory attributes let the write be merged or delayed',
            ]
          : null;
    return wrong === null
      ? []
      : [
          localHit(
            DOORBELL_PROT,
            at,
            `the doorbell that ${callee}() maps ${wrong[0] ?? ''}`,
            wrong[1] ?? '',
            'include/linux/iommu.h',
          ),
        ];
  });
};

interface Written {
  readonly base: string;
  readonly value: Expression;
  readonly operator: string;
  readonly at: Place;
}

function writesOf(program: Program, field: string): Written[] {
  return scan(program).flatMap(({ expression, at }) =>
    expression.kind === 'assign' && expression.target.kind === 'field' && expression.target.field === field
      ? [
          {
            base: print(expression.target.base),
            value: withoutCasts(expression.value),
            operator: expression.operator,
            at,
          },
        ]
      : [],
  );
}

const half = (value: Expression, name: 'lower_32_bits' | 'upper_32_bits'): string | null =>
  value.kind === 'call' && calleeOf(value) === name && value.args[0] !== undefined
    ? print(withoutCasts(value.args[0]))
    : null;

const ADDRESS_FIELD = 'address_lo';

/** The two halves of the address, and the offset of the register in its page. */
export const msiAddressRule: PathRule = (program) => {
  const low = writesOf(program, ADDRESS_FIELD);
  if (low.length === 0) return [];
  const high = writesOf(program, 'address_hi');
  const hits: RuleHit[] = [];
  const say = (at: Place, message: string, reason: string) =>
    hits.push(localHit(MSI_ADDRESS, at, message, reason, 'struct msi_msg in include/linux/msi.h'));
  for (const one of high) {
    const wrong = half(one.value, 'lower_32_bits');
    if (wrong !== null)
      say(
        one.at,
        `address_hi is given the low half of ${wrong}`,
        'an address above 4 GiB is cut, and the low half stands twice',
      );
    const upper = half(one.value, 'upper_32_bits');
    const lower = low.find((other) => other.base === one.base && half(other.value, 'lower_32_bits') !== null);
    const of = lower === undefined ? null : half(lower.value, 'lower_32_bits');
    if (upper !== null && of !== null && low.length === 1 && high.length === 1 && !sameAddress(upper, of))
      say(
        one.at,
        `address_hi is taken from ${upper}, and address_lo from ${of}`,
        'the two halves are of different addresses',
      );
  }
  for (const one of low) {
    if (half(one.value, 'upper_32_bits') !== null)
      say(
        one.at,
        `address_lo is given the high half of ${half(one.value, 'upper_32_bits')}`,
        'the message goes to another address',
      );
    const mask = print(one.value);
    const isPage = one.operator === '&=' && (mask === 'PAGE_MASK' || /^~\(.*(?:granule|size|SIZE).* - 1\)$/.test(mask));
    if (isPage && low.some((other) => other !== one && /^[+|]=$/.test(other.operator)))
      say(
        one.at,
        `${one.base}->address_lo keeps the page of the old address and drops the offset in it`,
        'the IOVA of the page is added to what is left: the offset of the register has to be, not the page',
      );
  }
  if (program.evidence === 'fragment' || high.length > 0) return hits;
  for (const one of low) {
    const address = half(one.value, 'lower_32_bits');
    const clears = program.nodes.some((node) =>
      expressionsOf(node).some((expression) => {
        let found = false;
        visit(expression, (inner) => {
          if (
            inner.kind === 'call' &&
            /^(?:memset|memcpy|msi_msg_set_addr|memzero_explicit)$/.test(calleeOf(inner) ?? '')
          )
            found = true;
          if (inner.kind === 'initializer') found = true;
        });
        return found;
      }),
    );
    if (address !== null && one.operator === '=' && !clears)
      say(
        one.at,
        `address_lo is written from ${address}, and address_hi is not`,
        'what stood in the high half before stays: above 4 GiB the message goes astray',
      );
  }
  return hits;
};

function sameAddress(a: string, b: string): boolean {
  return a === b || a.includes(b) || b.includes(a);
}

/** In one function a mapping is made with one size and taken away with another. */
export const unmapSizeRule: PathRule = (program) => {
  const of = (names: RegExp) =>
    program.nodes.flatMap((node) =>
      callsOf(node).filter((call) => call.target.kind === 'name' && names.test(call.target.name)),
    );
  const maps = of(/^iommu_map(?:_atomic)?$/);
  const unmaps = of(/^iommu_unmap$/);
  if (maps.length !== 1 || unmaps.length !== 1) return [];
  const [map, unmap] = [maps[0], unmaps[0]];
  if (map === undefined || unmap === undefined) return [];
  const text = (call: typeof map, index: number) => print(withoutCasts(call.args[index] ?? call));
  if (text(map, 0) !== text(unmap, 0) || text(map, 1) !== text(unmap, 1)) return [];
  const [made, taken] = [text(map, 3), text(unmap, 2)];
  const constant = (size: string) => /^(?:PAGE_SIZE|SZ_\w+|0x\w+|\d+)$/.test(size);
  if (made === taken || constant(made) === constant(taken)) return [];
  return [
    localHit(
      UNMAP_SIZE,
      unmap.at,
      `${text(unmap, 1)} is mapped with ${made} and unmapped with ${taken}`,
      'what the two differ by stays mapped, or a neighbour’s mapping goes too',
      'drivers/iommu/iommu.c: iommu_unmap() takes away as much as it is told',
    ),
  ];
};
