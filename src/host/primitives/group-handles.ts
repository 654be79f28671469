/**
 * Groups whose DMA a user owns (drivers/iommu/iommu.c since v6.10): attached with a handle, moved from one domain to another without a gap,
 * and put back into the owner's blocking domain, in which nothing is mapped.
 */
import { requesterName } from '../../scenario/state';
import type { Value } from '../values';
import { newUnknown } from '../values';
import type { Call, DomainRecord, GroupRecord, Primitive } from '../world';
import { effect, injected } from '../world';
import { attachDevice, detachDevice, domainOf, groupOf, setGroupDomain } from './iommu';
import { writeThrough } from './language';

const EBUSY = -16;
const EINVAL = -22;
const ENOENT = -2;

function move(call: Call, group: GroupRecord, domain: DomainRecord): number {
  const { world } = call;
  const before = group.domain;
  for (const device of group.devices) {
    if (before !== null) before.requesterIds.delete(device.requesterId);
    const error = attachDevice(world, domain, device);
    if (error !== 0) return error;
  }
  setGroupDomain(group, domain);
  const names = group.devices.map((device) => requesterName(device.requesterId)).join(', ');
  effect(world, call.at, `move ${names} ${before === null ? '' : `from domain ${before.id} `}to domain ${domain.id}`);
  return 0;
}

/** The domain that the owner of the group's DMA keeps empty. */
function blocking(call: Call, group: GroupRecord): DomainRecord | null {
  return domainOf(call.world, group.object.fields.get('blocking_domain'));
}

const attach: Primitive = (call) => {
  const failed = injected(call);
  if (failed !== null) return failed || EINVAL;
  const domain = domainOf(call.world, call.args[0]);
  const group = groupOf(call.world, call.args[1]);
  if (domain === null || group === null) return newUnknown('iommu_attach_group_handle()');
  if (group.domain !== null && group.domain !== blocking(call, group)) return EBUSY;
  const error = move(call, group, domain);
  if (error === 0) group.object.fields.set('attach_handle', call.args[2] ?? 0);
  return error;
};

const replace: Primitive = (call) => {
  const failed = injected(call);
  if (failed !== null) return failed || EINVAL;
  const group = groupOf(call.world, call.args[0]);
  const domain = domainOf(call.world, call.args[1]);
  if (domain === null || group === null) return newUnknown('iommu_replace_group_handle()');
  const error = move(call, group, domain);
  if (error === 0) group.object.fields.set('attach_handle', call.args[2] ?? 0);
  return error;
};

const detach: Primitive = (call) => {
  const domain = domainOf(call.world, call.args[0]);
  const group = groupOf(call.world, call.args[1]);
  if (domain === null || group === null) return 0;
  group.object.fields.set('attach_handle', 0);
  const empty = blocking(call, group);
  if (empty !== null) {
    move(call, group, empty);
    return 0;
  }
  for (const device of group.devices) detachDevice(call.world, domain, device);
  setGroupDomain(group, null);
  return 0;
};

/** 64 bits held in two's complement: the sum is below an operand when it went over the top. */
const addOverflows: Primitive = (call) => {
  const [a, b, into] = call.args;
  if (typeof a !== 'number' || typeof b !== 'number') return newUnknown('check_add_overflow()');
  const sum = BigInt.asUintN(64, BigInt(a)) + BigInt.asUintN(64, BigInt(b));
  const wrapped: Value = Number(BigInt.asIntN(64, sum));
  writeThrough(into, wrapped);
  return sum >= 2n ** 64n ? 1 : 0;
};

export const groupHandles: Readonly<Record<string, Primitive>> = {
  iommu_attach_group_handle: attach,
  iommu_replace_group_handle: replace,
  iommu_group_replace_domain: replace,
  iommu_detach_group_handle: detach,
  iommu_attach_handle_get: (call) => {
    const handle = groupOf(call.world, call.args[0])?.object.fields.get('attach_handle');
    return handle === undefined || handle === 0 ? ENOENT : handle;
  },
  check_add_overflow: addOverflows,
};
