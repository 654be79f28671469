import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/arguments';
import { doorbell } from './run';

const folder = mkdtempSync(path.join(tmpdir(), 'doorbell-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
};

describe('arguments', () => {
  it('are read with their defaults', () => {
    expect(readArguments(['explore', 's', '--depth', '7'])).toEqual({
      kind: 'explore',
      scenario: 's',
      machine: null,
      design: null,
      depth: 7,
      states: null,
      format: 'text',
    });
    expect(readArguments(['provision', 'm', 'a:3', '01:00.0:2', '01:00.1'])).toMatchObject({
      kind: 'provision',
      devices: [
        { device: 'a', vectors: 3 },
        { device: '01:00.0', vectors: 2 },
        { device: '01:00.1', vectors: null },
      ],
    });
    expect(readArguments(['replay', 'all', '--oracle', 'x'])).toMatchObject({
      kind: 'replay',
      set: 'all',
      oracle: 'x',
    });
    expect(readArguments(['machine', 'import', 'a', 'b'])).toMatchObject({
      kind: 'import',
      files: ['a', 'b'],
      id: 'imported',
    });
    expect(readArguments(['scenarios', '--matrix'])).toMatchObject({ kind: 'scenarios', matrix: true });
  });

  it.each([
    [['explore'], /needs one scenario/],
    [['explore', 's', '--depth', '0'], /--depth is a number/],
    [['explore', 's', '--states', 'many'], /--states is a number/],
    [['explore', 's', '--design', 'x', '--depth', '7'], /--depth counts moves/],
    [['provision', 'm', '--design', 'x'], /no option --design/],
    [['provision'], /needs a machine/],
    [['provision', 'm', 'a:0'], /“a:0” is no device/],
    [['replay'], /one set, or all/],
    [['machine'], /needs a folder or files/],
    [['machine', 'export', 'x'], /needs a folder or files/],
    [['machine', 'import', 'x', '--id', 'a/b'], /without a slash/],
  ])('%j is wrong', (argv, why) => {
    const command = readArguments(argv);
    expect(command.kind === 'wrong' && command.message).toMatch(why);
  });
});

describe('doorbell explore', () => {
  it('shows the shortest way, and says what was covered', async () => {
    const bad = await doorbell(['explore', 'two-guests-gicv2m']);
    expect(bad).toMatchObject({ status: 1, err: '' });
    expect(bad.out).toMatch(/I1 violated: .* raises SPI 80 of Guest/);
    expect(bad.out).toMatch(/the shortest way there, 6 moves/);
    const good = await doorbell(['explore', 'two-guests-its', '--machine', 'arm64-smmuv3-its', '--format', 'json']);
    expect(good.status).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject([{ coverage: { extent: 'complete' }, counterexample: null }]);
    expect((await doorbell(['explore', 'two-guests-its', '--machine', 'x'])).err).toMatch(/no machine “x”/);
  });
});

describe('doorbell explore --design', () => {
  it('plays the orders on the programs of a design', async () => {
    const bad = await doorbell(['explore', 'two-guests-gicv2m', '--design', 'fixup', '--states', '3']);
    expect(bad).toMatchObject({ status: 1, err: '' });
    expect(bad.out).toMatch(/two-guests-gicv2m, arm64-smmuv3-gicv2m, fixup\n {2}I1 violated: /);
    expect(bad.out).toMatch(/steps \(3 of 35 orders\)/);
    const its = ['explore', 'two-guests-its', '--machine', 'arm64-smmuv3-its', '--design', 'iommufd', '--states', '5'];
    const good = await doorbell([...its, '--format', 'json']);
    expect(good.status).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject([
      { design: 'iommufd', coverage: { orders: 5, held: 5, extent: 'bounded' }, counterexample: null },
    ]);
    expect((await doorbell(['explore', 'two-guests-its', '--design', 'x'])).err).toMatch(/no design “x”/);
  });
});

describe('doorbell provision', () => {
  it('tells pages, place, and what each smaller window does', async () => {
    const answer = await doorbell([
      'provision',
      'arm64-smmuv3-gicv2m-2frames',
      'nic-vf0:8',
      'nic-vf1:8',
      '--format',
      'json',
    ]);
    const read = JSON.parse(answer.out) as {
      pages: number;
      shortages: { design: string; pages: number; devices: unknown }[];
    };
    expect(answer.status).toBe(0);
    expect(read.pages).toBe(2);
    expect(read.shortages).toContainEqual({
      design: 'transparent',
      pages: 1,
      devices: [
        { device: 'nic-vf0', result: '0' },
        { device: 'nic-vf1', result: '-ENOSPC' },
      ],
    });
    expect(await doorbell(['provision', 'x86-vtd', 'tape'])).toMatchObject({ status: 1 });
    expect((await doorbell(['provision', 'nothing'])).err).toMatch(/no machine “nothing”/);
    expect((await doorbell(['provision', file('bad.json', '{ "id": 1 }')])).err).toMatch(/bad\.json:1:\d+: /);
  });
});

describe('doorbell replay', () => {
  it('counts rows and names quirks', async () => {
    const one = await doorbell(['replay', 'amd-ir', '--oracle', 'test/fidelity', '--format', 'json']);
    expect(one.status).toBe(0);
    const [set] = JSON.parse(one.out) as {
      set: string;
      agrees: number;
      disagrees: number;
      quirks: Record<string, number>;
    }[];
    expect(set).toMatchObject({ set: 'amd-ir', disagrees: 0, unreadable: 0 });
    expect(set!.agrees).toBeGreaterThan(0);
    expect(Object.keys(set!.quirks).length).toBeGreaterThan(0);
    expect((await doorbell(['replay', 'nothing'])).err).toMatch(/no set “nothing”: there are vtd-ir/);
    expect(await doorbell(['replay', 'its', '--oracle', folder])).toMatchObject({ status: 2, out: '' });
  });

  it('takes a line that is no row as one that cannot be read', async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(path.join(folder, 'its'), { recursive: true });
    file('its/a.jsonl', 'no json\n');
    const answer = await doorbell(['replay', 'its', '--oracle', folder]);
    expect(answer).toMatchObject({ status: 1, err: '' });
    expect(answer.out).toMatch(/1 cannot be read/);
  });
});

describe('doorbell machine import', () => {
  it('prints a machine that provision reads, or errors with file and line', async () => {
    const lspci =
      '0000:01:00.0 Ethernet controller [0200]: NIC [1234:0002]\n\tCapabilities: [70] MSI-X: Enable+ Count=8 Masked-\n';
    const dump = file('lspci.txt', lspci);
    const log = file(
      'dmesg.txt',
      'GICv2m: range[mem 0x08020000-0x08020fff], SPI[80:143]\narm-smmu-v3 x: ias 44-bit, oas 44-bit\n',
    );
    const made = await doorbell(['machine', 'import', dump, log, '--id', 'mine']);
    expect(made).toMatchObject({ status: 0, err: '' });
    expect(made.out).toMatch(/^\/\/ /);
    const provisioned = await doorbell(['provision', file('mine.json', made.out), '01:00.0:4']);
    expect(provisioned.out).toMatch(/1 page of 4096 bytes/);
    const bad = await doorbell(['machine', 'import', dump, file('groups.txt', 'iommu_groups/x/devices/y\n'), log]);
    expect(bad).toMatchObject({ status: 2, out: '' });
    expect(bad.err).toMatch(/groups\.txt:1: a link of/);
  });
});

describe('doorbell scenarios --matrix', () => {
  it('is a table of what was run', async () => {
    const { out, status } = await doorbell(['scenarios', '--matrix', 'two-guests-gicv2m', 'two-guests-x86']);
    expect(status).toBe(0);
    expect(out).toMatch(/^\| two-guests-gicv2m \| arm64-smmuv3-gicv2m \| I1 \| holds \| \*\*violated\*\* I1 /m);
    expect(out).toMatch(/^\| x86-amdvi \| holds \(\d+ states, complete\)/m);
  }, 60_000);
});
