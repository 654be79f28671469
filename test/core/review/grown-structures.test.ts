/** Structures of userspace that grow: who is refused from then on, and who gets more than there is room for. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** A patch to a header of userspace and to a driver, hunks with their counts filled in. */
function patch(header: string, code: string): string {
  const hunk = (path: string, text: string, section: string): string => {
    const lines = text.split('\n').filter((line) => line !== '');
    const [old, now] = ['+', '-'].map((mark) => lines.filter((line) => !line.startsWith(mark)).length);
    return [`diff ${path}`, `@@ -20,${old} +20,${now} @@ ${section}`, ...lines].join('\n');
  };
  return `${hunk('include/uapi/linux/door.h', header, '')}\n${hunk('drivers/vfio/door.c', code, 'static long door_ioctl(struct door *door, unsigned int cmd, unsigned long arg)')}`;
}
const grown = (header: string, code: string): string[] =>
  hitsOfPatch(front, [patch(header, code)])
    .map((hit) => hit.rule.id)
    .filter((id) => id === 'uapi-grown');

const HEADER = `
 struct door_move {
 	__u32 argsz;
 	__u32 flags;
 	__u64 iova;
+	__u64 size;
 };
`;

describe('uapi-grown, of a least size that is the whole', () => {
  it('sees older callers refused, by a size kept in a variable or not', () => {
    expect(
      grown(
        HEADER,
        `
 	struct door_move move;
 	unsigned long minsz;
 
 	minsz = sizeof(move);
 	if (copy_from_user(&move, (void __user *)arg, minsz))
 		return -EFAULT;
 	if (move.argsz < minsz)
 		return -EINVAL;
+	door->size = move.size;
`,
      ),
    ).toEqual(['uapi-grown']);
    expect(
      grown(
        HEADER,
        `
 	struct door_move *move = door->move;
 
 	if (move->flags || move->argsz < sizeof(struct door_move))
 		return -EINVAL;
+	door->size = move->size;
`,
      ),
    ).toEqual(['uapi-grown']);
    expect(
      grown(
        HEADER.replace('argsz', 'size_told').replace('size_told', 'len'),
        `
 	struct door_move move;
 
+	if (copy_from_user(&move, (void __user *)arg, sizeof(move)))
+		return -EFAULT;
+	if (sizeof(move) > move.len)
+		return -EINVAL;
`,
      ),
    ).toEqual(['uapi-grown']);
  });
  it('is quiet where the least size stays, where room was kept, and for a structure that is new', () => {
    const code = `
 	struct door_move move;
 	unsigned long minsz;
 
 	minsz = sizeof(move);
 	if (move.argsz < minsz)
 		return -EINVAL;
+	door->size = move.size;
`;
    expect(grown(HEADER, code.replace('sizeof(move)', 'offsetofend(struct door_move, iova)'))).toEqual([]);
    expect(grown(HEADER.replace('+	__u64 size;', '-	__u64 reserved;\n+	__u64 size;'), code)).toEqual([]);
    expect(grown(HEADER.replace(/^ /gm, '+'), code)).toEqual([]);
    expect(grown(HEADER.replaceAll('door_move', 'door_other'), code)).toEqual([]);
  });
});

describe('argsz-unchecked, of more than the caller has room for', () => {
  const pair = (grows: string, twin: string, after = ''): Parameters<typeof rulesOn>[1] => ({
    path: 'drivers/vfio/sample.c',
    section: 'static long door_get_info(struct door *door, unsigned long arg)',
    text: `
 	info.flags = door->flags;
 	info.pages = door->pages;
+	info.speed = 0;
+
!	if (${grows}) {
=	if (${twin}) {
+		info.flags |= DOOR_INFO_SPEED;
+		info.speed = door->speed;
+		minsz = offsetofend(struct door_info, speed);
+	}
${after} 	if (copy_to_user((void __user *)arg, &info, minsz))
 		return -EFAULT;
 
 	return 0;
`,
  });
  it('sees the size grow by what the machine can do, and is content when the caller was asked', () => {
    for (const grows of ['door->speed', 'door_has(door, DOOR_SPEED)', 'door->speed > 1 && !door->old']) {
      const asked = pair(grows, `${grows} && info.argsz >= offsetofend(struct door_info, speed)`);
      expect(rulesOn(front, asked, false)).toContain('argsz-unchecked');
      expect(rulesOn(front, asked, true)).not.toContain('argsz-unchecked');
    }
  });
  it('is content with a test behind it, and when another size is copied', () => {
    const late = pair('door->speed', 'door->speed', '+	minsz = min(minsz, (unsigned long)info.argsz);\n');
    expect(rulesOn(front, late, false)).not.toContain('argsz-unchecked');
    const test = pair('door->speed', 'door->speed', '+	if (info.argsz < minsz)\n+		return -ENOSPC;\n');
    expect(rulesOn(front, test, false)).not.toContain('argsz-unchecked');
    const other = pair('door->speed', 'door->speed');
    expect(rulesOn(front, { ...other, text: other.text.replace('&info, minsz', '&info, least') }, false)).not.toContain(
      'argsz-unchecked',
    );
  });
});
