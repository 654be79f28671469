/** `unbounded-allocation` where a patch fetches in one piece what was fetched one by one. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

const both = (text: string): boolean[] =>
  [false, true].map((twin) =>
    rulesOn(front, { path: 'drivers/vfio/bell.c', text: text.replace(/^\n/, '') }, twin).includes(
      'unbounded-allocation',
    ),
  );

/** A function that read `num` entries one by one; `now` is what it does instead, with marks. */
const loads = (now: string, behind = ''): boolean[] =>
  both(`
 static int bell_load(struct bell *b, struct tone __user *tones, u32 num)
 {
+	struct tone *all;
 	struct tone tone;
 	u32 i;
 
-	for (i = 0; i < num; i++) {
-		if (copy_from_user(&tone, tones + i, sizeof(tone)))
-			return -EFAULT;
-		bell_add(b, &tone);
-	}
${now}
 	return 0;
 }
${behind}`);

describe('unbounded-allocation, of what was fetched one by one', () => {
  it('sees one allocation for all of it', () => {
    expect(
      loads(`!	all = vmemdup_array_user(tones, num, sizeof(tone));
=	if (num > BELL_TONES)
=		return -E2BIG;
=	all = vmemdup_array_user(tones, num, sizeof(tone));
+	if (IS_ERR(all))
+		return PTR_ERR(all);
+	bell_add_all(b, all, num);`),
    ).toEqual([true, false]);
    expect(
      loads(`!	all = memdup_user(tones, num * sizeof(tone));
=	num = min(num, BELL_TONES);
=	all = memdup_user(tones, num * sizeof(tone));
+	if (IS_ERR(all))
+		return PTR_ERR(all);
+	bell_add_all(b, all, num);`),
    ).toEqual([true, false]);
    expect(
      loads(`!	all = kvmalloc_array(num, sizeof(tone), GFP_KERNEL);
=	all = kvmalloc_array(BELL_PART, sizeof(tone), GFP_KERNEL);
+	if (!all)
+		return -ENOMEM;
!	if (copy_from_user(all, tones, num * sizeof(tone)))
=	if (copy_from_user(all, tones, BELL_PART * sizeof(tone)))
+		return -EFAULT;
+	bell_add_all(b, all, num);`),
    ).toEqual([true, false]);
  });
  it('is quiet where a caller in sight holds the number against a bound', () => {
    expect(
      loads(
        `!	all = memdup_array_user(tones, num, sizeof(tone));
+	if (IS_ERR(all))
+		return PTR_ERR(all);
+	bell_add_all(b, all, num);`,
        ` static int bell_ioctl_load(struct bell *b, struct bell_load_arg *arg)
 {
+	b->loads++;
 	if (arg->num > BELL_TONES)
 		return -E2BIG;
 	return bell_load(b, u64_to_user_ptr(arg->tones), arg->num);
 }
`,
      )[0],
    ).toBe(false);
  });
  it('is quiet where as much was allocated before', () => {
    expect(
      both(`
 static int bell_load(struct bell *b, struct tone __user *tones, u32 num)
 {
 	struct tone *all;
 	u32 i;
 
-	all = kmalloc(num * sizeof(*all), GFP_KERNEL);
-	if (!all)
-		return -ENOMEM;
-	for (i = 0; i < num; i++)
-		if (get_user(all[i].pitch, &tones[i].pitch))
-			return -EFAULT;
+	all = memdup_array_user(tones, num, sizeof(*all));
+	if (IS_ERR(all))
+		return PTR_ERR(all);
 	return bell_add_all(b, all, num);
 }`)[0],
    ).toBe(false);
  });
});
