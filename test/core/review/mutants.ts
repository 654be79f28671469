/**
 * Right functions in the manner of drivers, made from a fixed seed, and what they become when one line is taken away.
 */

interface Resource {
  readonly kind: 'memory' | 'reference' | 'mapping' | 'irq';
  readonly declares: readonly string[];
  readonly acquire: readonly string[];
  /** Lines from the test on, with GOTO for the way out. */
  readonly check: readonly string[];
  readonly release: string;
  /** What hands it over for good; null when nothing has to. */
  readonly keep: string | null;
}

const error = '\tif (ret)\n\t\tGOTO;';
const RESOURCES: readonly Resource[] = [
  {
    kind: 'memory',
    declares: ['struct vdev_entry *entry;'],
    acquire: ['\tentry = kzalloc(sizeof(*entry), GFP_KERNEL);'],
    check: ['\tif (!entry) {\n\t\tret = -ENOMEM;\n\t\tGOTO;\n\t}'],
    release: '\tkfree(entry);',
    keep: '\tlist_add(&entry->node, &vdev->entries);',
  },
  {
    kind: 'memory',
    declares: ['struct vdev_table *table;'],
    acquire: ['\ttable = kvzalloc(vdev->size, GFP_KERNEL);'],
    check: ['\tif (!table) {\n\t\tret = -ENOMEM;\n\t\tGOTO;\n\t}'],
    release: '\tkvfree(table);',
    keep: '\tvdev->table = table;',
  },
  {
    kind: 'memory',
    declares: ['struct iommu_domain *domain;'],
    acquire: ['\tdomain = iommu_domain_alloc(vdev->bus);'],
    check: ['\tif (!domain) {\n\t\tret = -EIO;\n\t\tGOTO;\n\t}'],
    release: '\tiommu_domain_free(domain);',
    keep: '\tvdev->domain = domain;',
  },
  {
    kind: 'reference',
    declares: ['struct iommu_group *group;'],
    acquire: ['\tgroup = iommu_group_get(dev);'],
    check: ['\tif (!group) {\n\t\tret = -ENODEV;\n\t\tGOTO;\n\t}'],
    release: '\tiommu_group_put(group);',
    keep: '\tvdev->group = group;',
  },
  {
    kind: 'reference',
    declares: ['struct eventfd_ctx *trigger;'],
    acquire: ['\ttrigger = eventfd_ctx_fdget(fd);'],
    check: ['\tif (IS_ERR(trigger)) {\n\t\tret = PTR_ERR(trigger);\n\t\tGOTO;\n\t}'],
    release: '\teventfd_ctx_put(trigger);',
    keep: '\tvdev->trigger = trigger;',
  },
  {
    kind: 'reference',
    declares: [],
    acquire: ['\tif (!try_module_get(vdev->owner)) {'],
    check: ['\t\tret = -ENODEV;\n\t\tGOTO;\n\t}'],
    release: '\tmodule_put(vdev->owner);',
    keep: null,
  },
  {
    kind: 'reference',
    declares: [],
    acquire: ['\tret = clk_prepare_enable(vdev->clk);'],
    check: [error],
    release: '\tclk_disable_unprepare(vdev->clk);',
    keep: null,
  },
  {
    kind: 'mapping',
    declares: [],
    acquire: ['\tret = iommu_map(vdev->mapped, iova, paddr, size, IOMMU_READ | IOMMU_WRITE);'],
    check: [error],
    release: '\tiommu_unmap(vdev->mapped, iova, size);',
    keep: null,
  },
  {
    kind: 'mapping',
    declares: ['dma_addr_t handle;'],
    acquire: ['\thandle = dma_map_single(dev, vdev->buffer, size, DMA_TO_DEVICE);'],
    check: ['\tif (dma_mapping_error(dev, handle)) {\n\t\tret = -EIO;\n\t\tGOTO;\n\t}'],
    release: '\tdma_unmap_single(dev, handle, size, DMA_TO_DEVICE);',
    keep: '\tvdev->handle = handle;',
  },
  {
    kind: 'irq',
    declares: [],
    acquire: ['\tret = request_irq(vdev->irq, vdev_handler, 0, "vdev", vdev);'],
    check: [error],
    release: '\tfree_irq(vdev->irq, vdev);',
    keep: null,
  },
];

const LOCKS: readonly (readonly [string, string, string])[] = [
  ['\tmutex_lock(&vdev->lock);', '\tmutex_unlock(&vdev->lock);', ''],
  [
    '\tspin_lock_irqsave(&vdev->irqlock, flags);',
    '\tspin_unlock_irqrestore(&vdev->irqlock, flags);',
    'unsigned long flags;',
  ],
  ['\tdown_write(&vdev->memory_lock);', '\tup_write(&vdev->memory_lock);', ''],
  ['\trcu_read_lock();', '\trcu_read_unlock();', ''],
];

/** A generator of numbers below a bound, the same for the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** `count` right functions. */
export function correctFunctions(count: number, seed = 20160127): string[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, index) => (index % 3 === 2 ? locked(index, roll) : ladder(index, roll)));
}

function pick<T>(from: readonly T[], roll: (below: number) => number): T {
  return from[roll(from.length)] as T;
}

/** Several acquisitions, each undone in reverse by labels; at the end all is kept, or all is given back. */
function ladder(index: number, roll: (below: number) => number): string {
  const chosen: Resource[] = [];
  while (chosen.length < 2 + roll(3)) {
    const one = pick(RESOURCES, roll);
    if (!chosen.includes(one)) chosen.push(one);
  }
  const keeps = roll(2) === 0;
  const last = chosen.length - 1;
  const way = (until: number): string => (until < 0 ? 'return ret' : `goto undo_${until}`);
  const body: string[] = [];
  for (const [i, one] of chosen.entries()) {
    body.push(...one.acquire, ...one.check.map((line) => line.replace('GOTO', way(i - 1))), '');
    if (roll(2) === 0) body.push(`\tvdev_note_${i}(vdev, ${i});`, '');
  }
  body.push(`\tret = vdev_start(vdev, ${roll(9)});`, error.replace('GOTO', way(last)), '');
  if (keeps) body.push(...chosen.flatMap((one) => (one.keep === null ? [] : [one.keep])), '\treturn 0;', '');
  else body.push('\tret = 0;');
  for (let i = last; i >= 0; i--) body.push(`undo_${i}:`, (chosen[i] as Resource).release);
  body.push('\treturn ret;');
  const declares = [...chosen.flatMap((one) => one.declares), 'int ret;'].map((line) => `\t${line}`);
  return [
    `static int vdev_open_${index}(struct vdev *vdev, struct device *dev, int fd, unsigned long iova, phys_addr_t paddr, size_t size)`,
    '{',
    ...declares,
    '',
    ...body,
    '}',
  ].join('\n');
}

/** A critical section with ways out of it. */
function locked(index: number, roll: (below: number) => number): string {
  const [take, give, declare] = pick(LOCKS, roll);
  const body =
    roll(2) === 0
      ? [
          take,
          '\tif (vdev->dead) {',
          '\t\tret = -ENODEV;',
          '\t\tgoto unlock;',
          '\t}',
          `\tret = vdev_step_${roll(9)}(vdev);`,
          '\tif (ret)',
          '\t\tgoto unlock;',
          '\tvdev->users++;',
          'unlock:',
          give,
          '\treturn ret;',
        ]
      : [
          take,
          '\tif (vdev->dead) {',
          `\t${give}`,
          '\t\treturn -ENODEV;',
          '\t}',
          `\tret = vdev_step_${roll(9)}(vdev);`,
          give,
          '\treturn ret;',
        ];
  return [
    `static int vdev_change_${index}(struct vdev *vdev)`,
    '{',
    ...(declare === '' ? [] : [`\t${declare}`]),
    '\tint ret;',
    '',
    ...body,
    '}',
  ].join('\n');
}

export interface Mutant {
  readonly kind: 'lock' | 'mapping' | 'reference' | 'memory' | 'irq' | 'check';
  readonly text: string;
  /** The lines taken away. */
  readonly deleted: string;
}

const DELETES: readonly (readonly [Mutant['kind'], RegExp])[] = [
  [
    'lock',
    /^\s+(?:(?:raw_)?spin_unlock\w*|mutex_unlock|up_(?:read|write)|rcu_read_unlock|(?:read|write)_unlock\w*)\(.*\);$/,
  ],
  ['mapping', /^\s+(?:iommu_unmap|dma_unmap_\w+|__?free_iova\w*|iommu_(?:iotlb_sync|flush_iotlb_all))\(.*\);$/],
  ['irq', /^\s+(?:free_irq|pci_free_irq_vectors|irq_domain_free_irqs\w*)\(.*\);$/],
  [
    'reference',
    /^\s+(?:iommu_group_put|eventfd_ctx_put|module_put|clk_disable_unprepare|put_device|pci_dev_put|vfio_device_put|fput|mmput|kvm_put_kvm|of_node_put)\(.*\);$/,
  ],
  ['memory', /^\s+(?:kfree|kvfree|vfree|iommu_domain_free)\(.*\);$/],
];

/** Every mutant of a function by the deletion of one release, or of one test of a result with what it guards. */
export function mutantsOf(text: string): Mutant[] {
  const lines = text.split('\n');
  const out: Mutant[] = [];
  const without = (kind: Mutant['kind'], from: number, to: number): void => {
    const guarded = /^\s+(?:if|else)\b.*[^{;]$/.test(lines[from - 1] ?? '');
    const left = [...lines.slice(0, from), ...(guarded ? ['\t;'] : []), ...lines.slice(to + 1)];
    out.push({ kind, text: left.join('\n'), deleted: lines.slice(from, to + 1).join('\n') });
  };
  lines.forEach((line, i) => {
    for (const [kind, pattern] of DELETES) if (pattern.test(line)) without(kind, i, i);
    if (/^\t(?:if|\} else if) \((?:ret|!\w+|ret < 0|IS_ERR\(\w+\)|dma_mapping_error\(.*\))\)( \{)?$/.test(line)) {
      const to = line.endsWith('{') ? lines.indexOf('\t}', i) : i + 1;
      if (to > i && /goto|return/.test(lines.slice(i, to + 1).join())) without('check', i, to);
    }
  });
  return out;
}
