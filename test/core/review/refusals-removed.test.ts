/** Refusals that a patch takes away, and commands that fail from then on, each on a defective patch and on the same patch corrected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { type Pair, rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const says = (rule: string, pair: Pair, twin = false): boolean => rulesOn(front, pair, twin).includes(rule);

const PATH = 'drivers/vfio/sample.c';

describe('flags-unchecked, where a refusal goes', () => {
  const cases: readonly Pair[] = [
    {
      path: PATH,
      text: `
 static int door_kick(struct door *door, struct door_kick *kick)
 {
-	if (kick->flags)
-		return -EINVAL;
=	if (kick->flags & ~DOOR_KICK_ALL)
=		return -EINVAL;
+	if (kick->flags & DOOR_KICK_ALL)
+		return door_kick_all(door);
 	return door_kick_one(door, kick->id);
 }
`,
    },
    {
      path: PATH,
      section: 'static long door_window(struct door *door, struct door_window __user *arg)',
      text: `
 	if (copy_from_user(&win, arg, minsz))
 		return -EFAULT;
-	if (win.argsz < minsz || win.flags != 0)
+	if (win.argsz < minsz)
 		return -EINVAL;
=	if (win.flags & ~DOOR_WINDOW_FIXED)
=		return -EOPNOTSUPP;
 
+	if ((win.flags & DOOR_WINDOW_FIXED) && !door->fixed)
+		return -EINVAL;
 	return door_set(door, &win.range);
`,
    },
    {
      path: 'drivers/iommu/sample.c',
      text: `
 struct iommu_domain *door_domain(struct device *dev, u32 flags)
 {
-	if (flags & ~DOOR_DIRTY)
!	if (!dev)
=	if (!dev || (flags & ~(DOOR_DIRTY | DOOR_NEST)))
 		return ERR_PTR(-EOPNOTSUPP);
+	if (flags & DOOR_NEST)
+		return door_nest(dev);
 	return door_plain(dev);
 }
`,
    },
  ];
  it('sees that every other bit is accepted from then on', () => {
    for (const pair of cases) {
      expect(says('flags-unchecked', pair)).toBe(true);
      expect(says('flags-unchecked', pair, true)).toBe(false);
    }
  });
  it('is quiet where somebody else gets the flags, where they are compared as a whole, and where the refusal moved', () => {
    const body = (lines: string, more = ''): Pair => ({
      path: PATH,
      text: `${more}
 static int door_kick(struct door *door, struct door_kick *kick)
 {
-	if (kick->flags)
-		return -EINVAL;
${lines}
 	return door_kick_one(door, kick->id);
 }
`,
    });
    const acts = '+	if (kick->flags & DOOR_KICK_ALL)\n+		return door_kick_all(door);';
    for (const lines of [
      `+	if (door_flags_known(kick->flags))\n+		return -EINVAL;\n${acts}`,
      `+	if ((kick->flags & known) != kick->flags)\n+		return -EINVAL;\n${acts}`,
      `+	if (kick->flags > DOOR_KICK_ALL)\n+		return -EINVAL;\n${acts}`,
      `+	switch (kick->flags) {\n+	case DOOR_KICK_ALL:\n+		return door_kick_all(door);\n+	default:\n+		return -EINVAL;\n+	}`,
      `+	if (!door->ready)\n+		return -EINVAL;`,
    ])
      expect(says('flags-unchecked', body(lines))).toBe(false);
    const moved = `
+static int door_look(struct door_kick *kick)
+{
+	if (kick->flags & ~DOOR_KICK_ALL)
+		return -EINVAL;
+	return 0;
+}
+`;
    expect(
      says('flags-unchecked', body(`+	if (door_look(kick))\n+		return -EINVAL;\n${acts}`, moved.trimEnd())),
    ).toBe(false);
  });
});

describe('ending-fails', () => {
  const search = (name: string): Pair => ({
    path: PATH,
    text: `
 int ${name}(struct house *house, u32 key)
 {
-	struct door *door, *next;
+	struct door *door;
!	int err = -ENXIO;
=	int err = 0;
 
-	list_for_each_entry_safe(door, next, &house->doors, node) {
+	list_for_each_entry(door, &house->doors, node) {
 		if (door->key != key)
 			continue;
 		door_drop(door);
+		err = 0;
+		break;
 	}
-	return 0;
+	return err;
 }
`,
  });
  const tested = (test: string, errno: string): Pair => ({
    path: PATH,
    text: `
 static int door_disable(struct door *door)
 {
 	if (${test})
-		return 0;
!		return -${errno};
=		return 0;
 
 	door_irq_off(door);
+	door_tell(door);
 	return 0;
 }
`,
  });
  it('sees success become a failure, in a search and behind a test', () => {
    for (const pair of [
      search('house_unregister_door'),
      search('vgic_unset_key'),
      tested('!door->enabled', 'EINVAL'),
      tested('list_empty(&door->gates)', 'ENOENT'),
      tested('!door', 'ENODEV'),
    ]) {
      expect(says('ending-fails', pair)).toBe(true);
      expect(says('ending-fails', pair, true)).toBe(false);
    }
  });
  it('is quiet for what ends nothing, for other errors, and for functions that are new', () => {
    expect(says('ending-fails', search('house_lookup_door'))).toBe(false);
    expect(says('ending-fails', tested('!door->enabled', 'EBUSY'))).toBe(false);
    expect(says('ending-fails', tested('door->busy', 'EINVAL'))).toBe(false);
    const fresh = search('house_unregister_door');
    expect(says('ending-fails', { ...fresh, text: fresh.text.replace(/^-.*\n/gm, '').replace(/^ /gm, '+') })).toBe(
      false,
    );
  });
});
