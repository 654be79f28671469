/** Arrays of userspace copied as a whole, by a count that userspace chooses. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const rules = (statements: string): string[] =>
  hitsOf(
    front,
    `static int door_load(struct door *door, void __user *arg)
{
	struct door_load req;
	struct key *keys;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
${statements}
	return door_use(door, keys);
}
`,
    ['uapi'],
  ).map((hit) => hit.split('@')[0] ?? '');

describe('unbounded-allocation, of an array', () => {
  it('sees a count that nothing bounds', () => {
    for (const callee of ['memdup_array_user', 'vmemdup_array_user'])
      expect(rules(`	keys = ${callee}(u64_to_user_ptr(req.keys), req.nr_keys, sizeof(*keys));`)).toEqual([
        'unbounded-allocation',
      ]);
  });
  it('is content with a bound', () => {
    expect(
      rules(
        '	if (req.nr_keys > DOOR_KEYS_MAX)\n		return -E2BIG;\n	keys = vmemdup_array_user(u64_to_user_ptr(req.keys), req.nr_keys, sizeof(*keys));',
      ),
    ).toEqual([]);
    expect(
      rules('	keys = memdup_array_user(u64_to_user_ptr(req.keys), min(req.nr_keys, 16U), sizeof(*keys));'),
    ).toEqual([]);
  });
});
