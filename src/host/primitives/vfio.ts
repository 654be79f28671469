/** VFIO's own surroundings: eventfds, the way from a device to its container, user addresses. */
import { contextFromFile } from '../iommufd-stages';
import type { Value } from '../values';
import { newStruct, newUnknown, structOf } from '../values';
import type { Primitive } from '../world';
import { effect, injected } from '../world';
import { deviceOf } from './iommu';

const EBADF = -9;
const EINVAL = -22;
const EBADFD = -77;
/** A user's files: the first three are its terminal's, those from here on were never opened. */
const FIRST_CLOSED = 4096;

const number = (value: Value | undefined): number | null => (typeof value === 'number' ? value : null);

const signal: Primitive = (call) => {
  const context = structOf(call.args[0]);
  const fd = context?.fields.get('fd');
  effect(call.world, call.at, `signal eventfd ${typeof fd === 'number' ? fd : ''}`.trim());
  return 1;
};

export const vfio: Readonly<Record<string, Primitive>> = {
  iommufd_ctx_from_fd: (call) => {
    const fd = number(call.args[0]);
    return fd === null ? newUnknown('iommufd_ctx_from_fd()') : contextFromFile(call.world, fd);
  },
  iommufd_ctx_from_file: (call) => {
    const file = structOf(call.args[0]);
    return file === null ? newUnknown('iommufd_ctx_from_file()') : file.type === 'struct iommufd_ctx' ? file : EBADFD;
  },
  eventfd_ctx_fdget: (call) => {
    const failed = injected(call);
    if (failed !== null) return failed || EBADF;
    const fd = number(call.args[0]);
    if (fd !== null && (fd < 0 || fd >= FIRST_CLOSED)) return EBADF;
    if (fd !== null && fd < 3) return EINVAL;
    const context = newStruct('struct eventfd_ctx', 'zero');
    context.fields.set('fd', fd ?? newUnknown('fd'));
    context.fields.set('users', 1);
    return context;
  },
  eventfd_ctx_put: (call) => {
    const context = structOf(call.args[0]);
    const users = number(context?.fields.get('users'));
    if (context !== null && users !== null) context.fields.set('users', users - 1);
    return 0;
  },
  eventfd_signal: signal,
  eventfd_ctx_remove_wait_queue: () => 0,
  irq_bypass_register_producer: () => 0,
  vfio_device_get_from_dev: (call) => deviceOf(call.world, call.args[0])?.vdev.fields.get('vfio_device') ?? 0,
  vfio_device_data: (call) => structOf(call.args[0])?.fields.get('device_data') ?? newUnknown('vfio_device_data()'),
  vfio_device_get: () => 0,
  vfio_device_put: () => 0,
  vfio_group_get_external_user: (call) => call.args[0] ?? 0,
  vfio_group_put_external_user: () => 0,
};
