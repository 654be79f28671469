/** User memory that a helper looks at and that is fetched again behind it. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const rules = (helper: string, statements: string): string[] =>
  hitsOf(
    front,
    `${helper}
static long door_load(struct door *door, struct key __user *keys, u32 nr)
{
	struct key key;
	u32 i;
	int ret;

${statements}
	return 0;
}
`,
    ['uapi'],
  ).map((hit) => hit.split('@')[0] ?? '');

const looks = (body = 'if (key.len > 8)\n\t\t\treturn -EINVAL;', target = 'struct key key;'): string => `
static int door_check_keys(const struct key __user *from, u32 nr)
{
	${target}
	u32 i;

	for (i = 0; i < nr; i++) {
		if (copy_from_user(&key, from + i, sizeof(key)))
			return -EFAULT;
		${body}
	}
	return 0;
}
`;
const again = (more = ''): string => `
	ret = door_check_keys(keys, nr);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++) {
		if (copy_from_user(&key, &keys[i], sizeof(key)))
			return -EFAULT;
${more}
		door_add(door, key.len, key.iova);
	}`;

describe('double-fetch, of what a helper looked at', () => {
  it('sees the second fetch, one by one, as a whole, and of one number', () => {
    expect(rules(looks(), again())).toEqual(['double-fetch']);
    expect(
      rules(
        looks(
          'ret = key.iova & 4095 ? -EINVAL : 0;\n\t\tif (key.iova & 4095)\n\t\t\treturn -ERANGE;',
          'struct key key;\n\tint ret;',
        ),
        'if (door_check_keys(keys, nr))\n return -EINVAL;\nif (copy_from_user(door->keys, keys, size_mul(nr, sizeof(key))))\n return -EFAULT;',
      ),
    ).toEqual(['double-fetch']);
    expect(
      rules(
        `
static int door_look(u32 __user *where)
{
	u32 len;

	if (get_user(len, where))
		return -EFAULT;
	if (len > 64)
		return -E2BIG;
	return 0;
}
`,
        'ret = door_look(keys);\nif (ret)\n return ret;\nif (get_user(i, keys))\n return -EFAULT;\ndoor_set(door, i);',
      ),
    ).toEqual(['double-fetch']);
  });
  it('is content when the copy is checked, when the helper gives it away or refuses nothing, and for other memory', () => {
    expect(rules(looks(), again('if (key.len > 8)\n return -EINVAL;'))).toEqual([]);
    expect(rules(looks('if (key.len > 8)\n\t\t\treturn -EINVAL;\n\t\tdoor_keep(nr, &key);'), again())).toEqual([]);
    expect(rules(looks(';'), again())).toEqual([]);
    expect(rules(looks(), again().replace('&keys[i]', '&door->user[i]'))).toEqual([]);
    expect(
      rules(
        looks(),
        'if (copy_from_user(&key, keys, sizeof(key)))\n return -EFAULT;\ndoor_add(door, key.len);\nreturn door_check_keys(keys + 1, nr);',
      ),
    ).toEqual([]);
  });
});
