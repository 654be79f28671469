/** A chip whose table a patch removes: who writes the device's messages then is not known, and nothing is said of it. */
import { expect, it } from 'vitest';
import { controllerTables } from '../../../src/host/designs/tables';
import { bench, setOf } from '../host/support';

const WINDOW = { iova: 0x8000000, size: 0x10000 };

it.each(['gicv2m', 'its'] as const)('is unknown, not empty: %s', async (kind) => {
  const set = await setOf('transparent');
  const { msiChip } = controllerTables(kind, 'none');
  const without = { ...set, tables: new Map([...set.tables].filter(([name]) => name !== msiChip)) };
  expect(without.tables.size).toBe(set.tables.size - 1);
  for (const [programs, known] of [
    [set, true],
    [without, false],
  ] as const) {
    const b = bench(programs, `arm64-smmuv3-${kind}`, { unsafe: true });
    b.run('attach', 'guest-a', 'nic-vf0');
    b.run('register-window', 'guest-a', 'nic-vf0', WINDOW);
    const { value, undecided } = b.run('enable', 'guest-a', 'nic-vf0', { count: 2 });
    expect(value).toBe(known ? 0 : null);
    expect(undecided).toEqual(
      known ? [] : [`${msiChip} is not there any more, and nothing in sight says which chip takes its place`],
    );
    expect(b.host.incidents).toEqual([]);
  }
});
