/** Files that a user opens by itself, in recorded words: each kind of row agrees, and disagrees as soon as one word of its result is another. */
import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/host/replay/index';
import { readEra, replayRow } from '../../../src/host/replay/index';
import { setOf } from '../host/support';

const board = {
  id: 'board',
  arch: 'arm64',
  iommu: 'smmuv3',
  intremap: 'its',
  msiController: 'gicv3-its',
  defaultDomain: 'identity',
  attach: { unsafe0: 'OK', unsafe1: 'OK' },
};
const pc = { ...board, id: 'pc', arch: 'x86-64', iommu: 'vt-d', intremap: 'on', msiController: 'lapic' };
const platforms = { platforms: [board, pc] };

const row = (call: string, prior: string, expect: string | number, name = call) => ({
  case: name,
  call,
  prior,
  expect,
});
const ORDER = [
  row('SET_IOMMU', 'container empty', 'EINVAL'),
  row('CHECK_EXTENSION', 'container empty', 1),
  row('CHECK_EXTENSION', 'container empty', 0, 'CHECK_EXTENSION extension 77'),
  row('SET_CONTAINER', 'group open, no container', 'OK'),
  row('SET_CONTAINER', 'group in container', 'EINVAL'),
  row('UNSET_CONTAINER', 'group open, no container', 'EINVAL'),
  row('UNSET_CONTAINER', 'IOMMU already set', 'OK'),
  row('GET_DEVICE_FD', 'IOMMU already set', 'OK'),
  row('GET_DEVICE_FD', 'IOMMU already set', 'ENODEV', 'wrong name'),
  row('GET_DEVICE_FD', 'group in container', 'EINVAL'),
  row('SET_IOMMU', 'group in container', 'OK'),
  row('SET_IOMMU', 'group in container', 'EINVAL', 'SET_IOMMU type 9'),
  row('SET_IOMMU', 'IOMMU already set', 'EINVAL'),
  row('IOMMU_GET_INFO', 'IOMMU already set', 'OK'),
  row('open', 'group already open', 'EBUSY'),
  { ...row('SET_CONTAINER', 'another device of the group has a driver of the host', 'EPERM'), groupStatusFlags: 0 },
];

const kinds = async (design: string, rows: readonly Row[]): Promise<string[]> => {
  const set = await setOf(design);
  return rows.flatMap((one) => replayRow(set, one).map((verdict) => JSON.stringify(verdict)));
};
const agree = JSON.stringify({ kind: 'agrees' });

const orderRows = (order: readonly unknown[]): Row[] =>
  readEra({ platforms, 'map-dma': { order } }).filter((one) => one.table === 'order');

describe.each(['cookie', 'isolated-msi', 'iommufd-6.12', 'iommufd'])('containers and groups of %s', (design) => {
  it('take their calls in the order that VFIO asks for', async () => {
    expect(await kinds(design, orderRows(ORDER))).toEqual(ORDER.map(() => agree));
  });

  it('are seen to differ from any other result', async () => {
    const other = ORDER.map((one) => ({ ...one, expect: one.expect === 'EBUSY' ? 'OK' : 'EBUSY' }));
    for (const verdict of await kinds(design, orderRows(other))) expect(verdict).toContain('disagrees');
  });

  it('say so when the words name nothing', async () => {
    const strange = [row('FLY', 'container empty', 'OK'), row('SET_IOMMU', 'on the moon', 'OK')];
    for (const verdict of await kinds(design, orderRows(strange))) expect(verdict).toContain('left-out');
  });
});

const ACCESS = {
  observedIn: ['board', 'pc'],
  table: [
    { case: 'pread of table entry 0', result: 4, value: '0xffffffff' },
    { case: 'pwrite 0x12340000 to table entry 0', result: 4 },
    { case: 'mmap of the BAR', result: 'OK', effect: 'a write of 0xfee00cd0 changes the physical entry' },
    { case: 'GET_REGION_INFO of a BAR', result: 'flags 0xf', effect: 'flags 0x7 without a table' },
  ],
  config: [
    { case: 'read the MSI address after enable', vfio: '0x0' },
    { case: 'write 0xbeef0000 to the MSI address', vfio: '0xbeef0000' },
    { case: 'write MSI control with enable = 0 while bound', vfio: 'enable 0', phys: 'enable 0' },
    { case: 'write MSI control with multiple-message-enable = 7', vfio: 'messages', phys: 'messages' },
    { case: 'write 0x0001 to MSI control while no vector is bound', vfio: '0x0000' },
    { case: 'clear MSI-X enable while a vector is bound' },
  ],
  command: {
    rows: [
      { arch: 'arm64', when: 'after GET_DEVICE_FD', values: ['0x0003'] },
      { arch: 'x86-64', when: 'after user write', values: ['0x0107'] },
    ],
  },
};

const accessRows = (access: unknown): Row[] =>
  readEra({ platforms, 'msix-table-access': access }).filter((one) => one.table === 'table-access');

describe("a user's access to its device", () => {
  it('is virtual where the host programs, and direct through a mapping', async () => {
    const access = { ...ACCESS, config: ACCESS.config.map((one) => ({ ...one })) };
    const clamped = access.config[3]!;
    Object.assign(clamped, { vfio: 'enable 1, messages 1', phys: 'enable 1, messages 1' });
    const rows = accessRows(access);
    expect(rows.length).toBe(12);
    expect(await kinds('cookie', rows)).toEqual(rows.map(() => agree));
  });

  it('is seen to differ from any other value', async () => {
    const wrong = {
      ...ACCESS,
      table: [
        { case: 'pread of table entry 0', result: 4, value: '0xfee00000' },
        { case: 'pwrite 0x12340000 to table entry 0', result: 'EFAULT' },
        { case: 'mmap of the BAR', result: 'EINVAL', effect: 'a write of 0xfee00cd0' },
        { case: 'GET_REGION_INFO of a BAR', result: 'flags 0x3', effect: 'flags 0x7' },
      ],
      config: [
        { case: 'read the MSI address after enable', vfio: '0x8000040' },
        { case: 'write 0xbeef0000 to the MSI address', vfio: '0x0' },
        { case: 'write MSI control with multiple-message-enable = 7', vfio: 'messages 8', phys: 'messages 8' },
        { case: 'write 0x0001 to MSI control while no vector is bound', vfio: '0x0081' },
      ],
      command: { rows: [{ arch: 'arm64', when: 'after GET_DEVICE_FD', values: ['0x0007'] }] },
    };
    for (const verdict of await kinds('cookie', accessRows(wrong))) expect(verdict).toContain('disagrees');
  });
});

const step = (phase: string, call: string, state: string, result: string | number, more: object = {}) => ({
  phase,
  call,
  state,
  result,
  ...more,
});

describe.each(['iommufd-6.12', 'iommufd'])('/dev/iommu of %s in the place of a container', (design) => {
  const steps = [
    step('compat', 'open group', 'no cdev open', 'OK', { unsafe: 1 }),
    step('compat', 'SET_IOMMU TYPE1 on /dev/iommu', 'no group', 'ENODEV', { unsafe: 1 }),
    step('compat', 'GROUP_SET_CONTAINER with /dev/iommu', '', 'OK', { unsafe: 1 }),
    step('compat', 'SET_IOMMU TYPE1 on /dev/iommu', 'group attached', 'OK', { unsafe: 1 }),
    step('compat', 'GROUP_GET_DEVICE_FD', 'iommufd as container', 'OK', { unsafe: 1 }),
    step('compat', 'MAP_DMA at window start', 'device open', 'EINVAL', { unsafe: 1 }),
    step('compat', 'MAP_DMA at 0x200000', 'device open', 'OK', { unsafe: 1 }),
    step('compat', 'MAP_DMA at 0x200000', 'again', 'EEXIST', { unsafe: 1 }),
    step('compat', 'UNMAP_DMA at 0x200000', 'mapped', 'OK', { unsafe: 1 }),
    step('compat', 'UNMAP_DMA at 0x200000', 'not mapped', 'ENOENT', { unsafe: 1 }),
    step('before-bind', 'open cdev', '', 'OK'),
    step('before-bind', 'pread config', 'not bound', 'EINVAL'),
    step('before-bind', 'open legacy group', 'cdev open, not bound', 'OK'),
    step('before-bind', 'BIND', 'legacy group file open', 'EBUSY'),
    step('bind', 'BIND', 'not bound', 'OK'),
    step('bind', 'pread config', 'bound', 4),
    step('bind', 'open legacy group', 'device bound through cdev', 'EBUSY'),
    step('bind', 'BIND second cdev fd, other iommufd', 'device bound through first fd', 'EINVAL'),
    step('destroy', 'BIND second device', 'same iommufd', 'OK'),
    step('destroy', 'ATTACH second device to A', 'first device attached to A', 'OK', { out: { sameHwptAsFirst: 1 } }),
    step('close', 'DETACH', 'iommufd closed', 'OK'),
    step('close', '(read MSI)', 'device fd closed', 'OK'),
    step('close', 'BIND to a new iommufd', 'earlier device fd closed', 'OK'),
  ];
  const rowsOf = (list: readonly unknown[]): Row[] =>
    readEra({ platforms, iommufd: { platforms: ['board', 'pc'], steps: list } }).filter(
      (one) => one.table === 'iommufd',
    );

  it('gives the results of a container and of the files beside it', async () => {
    expect(await kinds(design, rowsOf(steps))).toEqual([...steps, ...steps].map(() => agree));
  });

  it('is seen to differ from any other result', async () => {
    const other = steps.map((one) => (one.call === '(read MSI)' ? one : { ...one, result: 'ENOTTY' }));
    const verdicts = await kinds(design, rowsOf(other));
    expect(verdicts.filter((one) => one.includes('disagrees')).length).toBe(2 * (steps.length - 1));
  });
});
