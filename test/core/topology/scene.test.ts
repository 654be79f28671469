import { beforeAll, describe, expect, it } from 'vitest';
import { stateAfter } from '../../../src/scenario/state';
import type { Trace } from '../../../src/scenario/types';
import { type Cast, castOf } from '../../../src/topology/cast';
import { speaker } from '../../../src/topology/say';
import { type Scene, sceneOf } from '../../../src/topology/scene';
import { wayOf } from '../../../src/topology/way';
import { change, runOf, traceOf } from './traces';

const say = speaker({});
const textsOf = (scene: Scene, id: string) => scene.nodes.get(id)?.lines.map(({ text }) => text) ?? [];

describe('two guests on one GICv2m frame, a design that lets them at it', () => {
  let trace: Trace;
  let cast: Cast;
  let scene: Scene;
  beforeAll(async () => {
    trace = await runOf('two-guests-gicv2m', 'fixup', 'arm64-smmuv3-gicv2m');
    cast = castOf(trace);
    scene = sceneOf(trace, cast, trace.violations.find(({ invariant }) => invariant === 'I1')!.event, say);
  });

  it('has both guests and the host, guests first', () => {
    expect(cast.agents.map(({ name, kind }) => [name, kind])).toEqual([
      ['Guest A', 'guest'],
      ['Guest B', 'guest'],
      ['host', 'host'],
    ]);
    expect(cast.devices[0]).toMatchObject({ requesterId: '01:10.0', name: 'nic-vf0', agent: 'Guest A', idle: false });
    expect(cast.devices.find(({ name }) => name === 'nvme')).toMatchObject({ idle: true, agent: 'host' });
  });
  it('shows the way of the forged write, link by link, up to the foreign interrupt', () => {
    const key = scene.way!.nodes[4]!;
    expect(scene.way!.nodes).toEqual(['agent/Guest B', 'device/01:10.1', 'domain/2', 'controller/v2m0', key]);
    expect(key).toMatch(/^interrupt\/spi:\d+$/);
    const links = scene.links.filter(({ way }) => way);
    expect(links.map(({ id }) => id).sort()).toEqual([...scene.way!.links].sort());
    expect(links.every(({ tone }) => tone === 'bad')).toBe(true);
    expect(scene.nodes.get(key)).toMatchObject({ tone: 'bad', lines: [{ text: 'owner Guest A' }] });
  });
  it('marks the mapping that the write went through, and no other', () => {
    const lines = scene.nodes.get('domain/2')!.lines.filter(({ tone }) => tone === 'bad');
    expect(lines.map(({ mapping }) => mapping)).toEqual([scene.way!.mapping]);
    expect(lines[0]!.text).toMatch(/^0x[0-9a-f]+ → v2m0$/);
    expect(scene.nodes.get('domain/1')!.tone).toBe('plain');
  });
  it('shows the same way at the event that tells the violation', () => {
    const told = trace.events.find(({ kind, text }) => kind === 'violation' && text.startsWith('I1'))!;
    expect(sceneOf(trace, cast, told.index, say).way).toEqual(scene.way);
  });
  it('keeps a place for what does not exist yet', () => {
    const start = sceneOf(trace, cast, 0, say);
    expect([...start.nodes.keys()]).toEqual([...scene.nodes.keys()]);
    expect(start.nodes.get('domain/1')!.present).toBe(false);
    expect(scene.nodes.get('domain/1')!.present).toBe(true);
    expect(start.way).toBeNull();
  });
  it('counts the pages of the window', () => {
    expect(textsOf(scene, 'domain/1')[0]).toMatch(/^window [1-9]\d*\/\d+ pages$/);
  });
});

describe('a violation without a write', () => {
  it('marks what its sentence names: the mapping in the domain, and no other', async () => {
    const initial = {
      'agents/Guest A/kind': 'guest',
      'controllers/v2m0/kind': 'gicv2m',
      'controllers/v2m0/base': 0x8020000,
      'controllers/v2m0/size': 0x1000,
      'devices/01:10.0/name': 'nic-vf0',
      'devices/01:10.0/agent': 'Guest A',
      'devices/01:10.0/domain': '1',
      'domains/1/agent': 'Guest A',
      'domains/1/maps/0x8001000': '0x8020000+0x1000 v2m0',
      'domains/1/maps/0x80010000': '0x40000000+0x10000 RAM',
    };
    const message = 'after disable IOVA 0x8001000 of Guest A still leads to v2m0 (0x8020000)';
    const trace = traceOf(initial, [{ text: 'returns 0' }], {
      violations: [{ invariant: 'I2', message, event: 0, causes: [], why: [] }],
    });
    const scene = sceneOf(trace, castOf(trace), 0, say);
    expect(scene.broken).toBe(true);
    const bad = [...scene.nodes.values()].filter(({ tone }) => tone === 'bad').map(({ id }) => id);
    expect(bad.sort()).toEqual(['controller/v2m0', 'domain/1']);
    expect(
      scene.nodes
        .get('domain/1')!
        .lines.filter(({ tone }) => tone === 'bad')
        .map(({ mapping }) => mapping),
    ).toEqual(['0x8001000']);
    expect(scene.links.find(({ to }) => to === 'controller/v2m0')!.tone).toBe('bad');
  });
});

describe('an event that changes the state', () => {
  const initial = {
    'devices/01:10.0/name': 'nic',
    'devices/01:10.0/agent': 'host',
    'domains/3/agent': 'host',
    'domains/3/iommu': 'smmu0',
  };
  const trace = traceOf(initial, [
    { text: 'attach', changes: [change('devices/01:10.0/domain', null, '3')] },
    {
      text: 'program',
      changes: [
        change('devices/01:10.0/vectors/0/address', null, 0x8020040),
        change('devices/01:10.0/vectors/0/data', null, 80),
        change('devices/01:10.0/vectors/0/enabled', null, 1),
      ],
    },
  ]);
  const cast = castOf(trace);
  it('marks the node and the new link', () => {
    const scene = sceneOf(trace, cast, 0, say);
    expect(scene.nodes.get('device/01:10.0')!.tone).toBe('touched');
    expect(scene.links.find(({ to }) => to === 'domain/3')!.tone).toBe('touched');
  });
  it('writes the message of a vector as its device will send it', () => {
    const scene = sceneOf(trace, cast, 1, say);
    expect(textsOf(scene, 'device/01:10.0')).toEqual(['01:10.0', '● 0x50 → 0x8020040']);
  });
});

describe('the way of a write', () => {
  const initial = {
    'controllers/its0/kind': 'its',
    'controllers/its0/base': 0x8080000,
    'controllers/its0/size': 0x20000,
    'memory/ram/base': 0x40000000,
    'memory/ram/size': 0x10000000,
    'devices/01:10.0/name': 'nic',
    'devices/01:10.0/agent': 'host',
    'devices/01:10.0/domain': '1',
    'domains/1/agent': 'host',
    'domains/1/maps/0x9000000': '0x8090000+0x10000 its0',
    'domains/1/maps/0x0': '0x40000000+0x1000 RAM',
  };
  const trace = traceOf(initial, [{ text: '01:10.0 writes 0x1 to 0x10 → memory at 0x40000010' }]);
  const cast = castOf(trace);
  const state = stateAfter(trace.initial, trace.events, 1);
  const way = (text: string) => wayOf(text, state, cast);
  it.each([
    [
      '01:10.0 writes 0x1 to 0x9000040 → LPI 8192 via its0',
      ['controller/its0', 'interrupt/lpi:8192'],
      null,
      '0x9000000',
    ],
    [
      '01:10.0 writes 0x1 to 0x9000040 → dropped by its0: the EventID is not mapped',
      ['controller/its0'],
      'the EventID is not mapped',
      '0x9000000',
    ],
    [
      '01:10.0 writes 0x1 to 0xa000000 → fault 0x10 of smmu0: F_TRANSLATION: nothing there',
      [],
      'F_TRANSLATION: nothing there',
      null,
    ],
    ['01:10.0 writes 0x1 to 0x10 → memory at 0x40000010', ['memory/ram'], null, '0x0'],
  ])('%s', (text, beyond, stopped, mapping) => {
    expect(way(text)).toMatchObject({
      nodes: ['agent/host', 'device/01:10.0', 'domain/1', ...beyond],
      stopped,
      mapping,
    });
  });
  it('is none for a sentence that speaks of no write', () => {
    expect(way('nic-vf0 emits nothing: vector 0 is not enabled')).toBeNull();
    expect(way('01:10.0: MSI-X enabled')).toBeNull();
  });
  it('finds the controller behind a remapping unit', async () => {
    const run = await runOf('own-interrupt', 'v4.5', 'x86-vtd');
    const members = castOf(run);
    const at = run.events.findIndex(({ text }) => text.includes('via dmar0'));
    const nodes = sceneOf(run, members, at, say).way!.nodes;
    expect(nodes.at(-2)).toBe('controller/apic');
    expect(nodes.at(-1)).toMatch(/^interrupt\/cpu\d+:0x[0-9a-f]+$/);
  });
});
