import type { Rule } from './rule';

/** The rules of class uapi: what userspace and kernel agree on. */
const rule = (id: string, title: string, severity: Rule['severity'] = 'warning'): Rule => ({
  id,
  title,
  class: 'uapi',
  severity,
});

export const ARGSZ_UNCHECKED = rule('argsz-unchecked', 'argsz not checked');
export const FLAGS_UNCHECKED = rule('flags-unchecked', 'Unknown flags accepted');
export const RESERVED_UNCHECKED = rule('reserved-unchecked', 'Reserved field not checked');
export const RAW_COPY_RESULT = rule('raw-copy-result', 'Bytes returned for an error');
export const DOUBLE_FETCH = rule('double-fetch', 'Fetched again after it was looked at');
export const USER_RANGE = rule('user-range', 'Range from userspace can wrap');
export const UNBOUNDED_ALLOCATION = rule('unbounded-allocation', 'Size from userspace not bounded');
export const WARN_FROM_USER = rule('warn-from-user', 'Userspace can trigger a warning');
export const GUEST_PRINTS = rule('guest-prints', 'Guest can fill the log');
export const STACK_TO_USER = rule('stack-to-user', 'Stack contents reach userspace');
export const WRONG_ERRNO = rule('wrong-errno', 'Wrong error number');
export const POSITIVE_ERRNO = rule('positive-errno', 'Error without a sign');
export const ERROR_POINTER_MIX = rule('error-pointer-mix', 'Error taken from the wrong pointer');
export const ERROR_LOST = rule('error-lost', 'Error lost');
export const CAPABILITY_CHAIN = rule('capability-chain', 'Capability chain not sound');
export const UAPI_LAYOUT = rule('uapi-layout', 'Layout left to the compiler');
export const UAPI_TYPE = rule('uapi-type', 'Type that differs between ABIs');
export const UAPI_GROWN = rule('uapi-grown', 'Structure of userspace changed');
export const NUMBER_CONFLICT = rule('number-conflict', 'Number taken twice');
export const FOREIGN_CALLBACK = rule('foreign-callback', 'Callback of another table');
export const FLAG_REFUSED = rule('flag-refused', 'Flag used and refused');
export const ANSWER_LOST = rule('answer-lost', 'Answer does not reach userspace');
export const IOCTL_DIRECTION = rule('ioctl-direction', 'ioctl number of another direction');
export const POSITIVE_AS_ERROR = rule('positive-as-error', 'Success taken for an error');
export const ENDING_FAILS = rule('ending-fails', 'Ending nothing fails now');
export const ATTRIBUTE_UNDOCUMENTED = rule('attribute-undocumented', 'New file in sysfs without a description');

export const UAPI_RULES: readonly Rule[] = [
  ARGSZ_UNCHECKED,
  FLAGS_UNCHECKED,
  RESERVED_UNCHECKED,
  RAW_COPY_RESULT,
  DOUBLE_FETCH,
  USER_RANGE,
  UNBOUNDED_ALLOCATION,
  WARN_FROM_USER,
  GUEST_PRINTS,
  STACK_TO_USER,
  WRONG_ERRNO,
  POSITIVE_ERRNO,
  ERROR_POINTER_MIX,
  ERROR_LOST,
  CAPABILITY_CHAIN,
  UAPI_LAYOUT,
  UAPI_TYPE,
  UAPI_GROWN,
  NUMBER_CONFLICT,
  FOREIGN_CALLBACK,
  FLAG_REFUSED,
  ANSWER_LOST,
  IOCTL_DIRECTION,
  POSITIVE_AS_ERROR,
  ENDING_FAILS,
  ATTRIBUTE_UNDOCUMENTED,
];
