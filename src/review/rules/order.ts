import type { ProgramNode } from '../../code/types';
import { namesIn } from '../../code/walk';
import type { Place } from '../../place';
import { RELEASE_ORDER } from '../catalog-lifetime';
import { type Doing, doings, written } from './calls';
import { explore } from './explore';
import type { PathRule, RuleHit } from './types';

/** Two steps of a teardown of which one has to come first, and what goes wrong when it does not. */
interface Order {
  readonly first: RegExp;
  readonly then: RegExp;
  readonly why: string;
  readonly reference: string | null;
  /** They name the same thing: a name of the arguments is common to both, of those at these positions when given. */
  readonly common: boolean;
}

const ORDERS: readonly Order[] = [
  {
    first: /^free_irq$/,
    then: /^(?:pci_free_irq_vectors|pci_disable_msix?|platform_device_msi_free_irqs_all|platform_msi_domain_free_irqs)$/,
    why: 'a vector is given back while its handler is still installed: its number may be handed out again',
    reference: 'Documentation/PCI/msi-howto.rst',
    common: false,
  },
  {
    first: /^(?:iommu_unmap|iommu_unmap_fast)$/,
    then: /^(?:free_iova|__free_iova|free_iova_fast|iommu_dma_free_iova)$/,
    why: 'the address may be handed out again while it still translates to the old page',
    reference: null,
    common: true,
  },
  {
    first: /^(?:iommu_unmap|iommu_unmap_fast)$/,
    then: /^(?:vfio_unpin_pages\w*|unpin_user_pages?\w*|put_page)$/,
    why: 'the page may be reused while the device still reaches it',
    reference: null,
    common: true,
  },
  {
    first: /^irq_bypass_unregister_producer$/,
    then: /^free_irq$/,
    why: 'the bypass consumer may still reach an interrupt that is no longer requested',
    reference: null,
    common: false,
  },
  {
    first: /^free_irq$/,
    then: /^eventfd_ctx_put$/,
    why: 'the handler may still signal an eventfd that is gone',
    reference: null,
    common: true,
  },
  {
    first: /^(?:iommu_detach_group|iommu_detach_device)$/,
    then: /^iommu_domain_free$/,
    why: 'the hardware still walks the tables of a domain that is gone',
    reference: null,
    common: true,
  },
  {
    first: /(?:tlb|iotlb|ctx)_?(?:inv|flush)\w*|(?:inv|flush)\w*_(?:tlb|iotlb|asid|ctx)/,
    then: /(?:^|_)(?:free|put|release)_(?:asid|vmid|pasid|did|domain_id)$|(?:asid|vmid|domain_id)_(?:free|put|release)$/,
    why: 'the number may be given to another address space while the TLB still has entries of the old one',
    reference: null,
    common: true,
  },
];

interface Done {
  readonly order: number;
  readonly name: string;
  readonly names: ReadonlySet<string>;
  readonly at: Place;
}

function namesOf(doing: Doing): ReadonlySet<string> {
  return new Set(doing.call.args.flatMap((arg) => [...namesIn(arg)]));
}

function mentions(node: ProgramNode): boolean {
  return doings(node).some((doing) => ORDERS.some((order) => order.then.test(doing.name)));
}

/** Steps of a teardown in the wrong order on one way. */
export const orderRule: PathRule = (program) => {
  if (!program.nodes.some(mentions)) return [];
  if (!program.nodes.some((node) => doings(node).some((one) => ORDERS.some((order) => order.first.test(one.name)))))
    return [];
  const hits: RuleHit[] = [];
  const seen = new Set<string>();
  const complete = explore<readonly Done[]>(program, {
    initial: [],
    key: (state) => state.map((one) => `${one.order}${one.at.line}`).join(),
    unseen: () => [],
    step(state, node) {
      let done = state;
      // Another round, another thing.
      if (node.kind === 'each' || (node.kind === 'branch' && node.loop)) return [];
      const writes = written(node);
      if (writes.length > 0) done = done.filter((one) => !writes.some((place) => one.names.has(place)));
      for (const doing of doings(node)) {
        const names = namesOf(doing);
        ORDERS.forEach((order, index) => {
          if (order.first.test(doing.name))
            for (const one of done)
              if (one.order === index && (!order.common || same(one.names, names))) report(one, doing, order);
          if (order.then.test(doing.name))
            done = [...done, { order: index, name: doing.name, names, at: doing.call.at }];
        });
      }
      return done;
    },
  });
  return complete ? hits : [];

  function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
    return [...a].some((name) => b.has(name));
  }

  function report(one: Done, doing: Doing, order: Order): void {
    const key = `${one.at.line}|${doing.call.at.line}`;
    if (seen.has(key)) return;
    seen.add(key);
    hits.push({
      rule: RELEASE_ORDER,
      at: one.at,
      message: `${one.name}() comes before ${doing.name}() here: ${order.why}`,
      key: `${one.name}|${doing.name}`,
      why: [{ text: `${doing.name}() has to come first`, reference: order.reference }],
      related: [{ at: doing.call.at, message: `${doing.name}() is called here` }],
    });
  }
};
