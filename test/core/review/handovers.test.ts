/** What a file or a device took over, what stays behind a free, and whose readers are waited for. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOfPatch } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** The places at which a rule speaks of functions, with what they were before. */
function told(rule: string, text: string, before: string | null = null): string[] {
  const unit = read(front, text.replace(/^\n/, ''));
  const was = before === null ? null : read(front, before.replace(/^\n/, ''));
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => was?.programs.get(program.name) ?? null, unit)
      .filter((hit) => hit.rule.id === rule)
      .map((hit) => `${program.name}:${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}

describe('file-took-reference', () => {
  const OPEN = `
static int ring_open(struct ring *r)
{
	struct file *file;
	int ret, fd = get_unused_fd_flags(O_CLOEXEC);

	kref_get(&r->users);
	file = anon_inode_getfile("[ring]", &ring_fops, r, O_RDONLY);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put;
	}
	ret = ring_arm(r);
	if (ret)
		goto err_file;
	fd_install(fd, file);
	return fd;
err_file:
	fput(file);
err_put:
	ring_put(&r->users);
	put_unused_fd(fd);
	return ret;
}`;
  it('sees a reference dropped behind the file that owned it', () => {
    expect(told('file-took-reference', OPEN)).toEqual(['ring_open:20']);
    expect(
      told(
        'file-took-reference',
        OPEN.replace('kref_get(&r->users)', 'ring_get(r)').replace('ring_put(&r->users)', 'ring_put(r)'),
      ),
    ).toEqual(['ring_open:20']);
    expect(
      told(
        'file-took-reference',
        `
static struct file *log_file(struct log *log)
{
	struct file *filp;

	refcount_inc(&log->refs);
	filp = anon_inode_getfile_fmode("log", &log_fops, log, O_RDWR, 0);
	if (IS_ERR(filp)) {
		refcount_dec(&log->refs);
		return filp;
	}
	if (log_reserve(log)) {
		fput(filp);
		refcount_dec(&log->refs);
		return ERR_PTR(-ENOSPC);
	}
	return filp;
}`,
      ),
    ).toEqual(['log_file:13']);
  });
  it('is quiet where only the failure drops it, and about other references', () => {
    expect(
      told('file-took-reference', OPEN.replace('fput(file);', 'fput(file);\n\tput_unused_fd(fd);\n\treturn ret;')),
    ).toEqual([]);
    expect(told('file-took-reference', OPEN.replace('ring_put(&r->users)', 'ring_put(&r->parent->users)'))).toEqual([]);
    expect(told('file-took-reference', OPEN.replace('kref_get(&r->users);', ''))).toEqual([]);
  });
});

describe('managed-behind-file', () => {
  it('sees managed memory behind files', () => {
    for (const [alloc, give] of [
      ['devm_kzalloc(dev, sizeof(*s), GFP_KERNEL)', 's->filp = anon_inode_getfile("s", &s_fops, s, O_RDONLY)'],
      ['devm_kcalloc(dev, 4, sizeof(*s), GFP_KERNEL)', 'ret = anon_inode_getfd("s", &s_fops, s, O_CLOEXEC)'],
      ['devm_kmemdup(dev, init, sizeof(*s), GFP_KERNEL)', 'file->private_data = s'],
    ])
      expect(
        told(
          'managed-behind-file',
          `
static int s_open(struct inode *inode, struct file *file)
{
	struct device *dev = s_device(inode);
	struct stream *s;
	int ret = 0;

	s = ${alloc};
	if (!s)
		return -ENOMEM;
	${give};
	return ret;
}`,
        ),
        give,
      ).toEqual(['s_open:7']);
  });
  it('is quiet about memory that the file frees, and managed memory that stays with the driver', () => {
    for (const [alloc, give] of [
      ['kzalloc(sizeof(*s), GFP_KERNEL)', 'ret = anon_inode_getfd("s", &s_fops, s, O_CLOEXEC)'],
      ['devm_kzalloc(dev, sizeof(*s), GFP_KERNEL)', 'dev_set_drvdata(dev, s)'],
      ['devm_kzalloc(dev, sizeof(*s), GFP_KERNEL)', 'seq->private = s'],
    ])
      expect(
        told(
          'managed-behind-file',
          `
static int s_open(struct device *dev, struct seq_file *seq)
{
	struct stream *s;
	int ret = 0;

	s = ${alloc};
	if (!s)
		return -ENOMEM;
	${give};
	return ret;
}`,
        ),
        give,
      ).toEqual([]);
  });
});

describe('managed-order', () => {
  const probe = (body: string, frees = 'pci_free_irq_vectors(data)'): string => `
static void drop(void *data)
{
	${frees};
}

static int probe(struct pci_dev *pdev, struct box *box)
{
	struct device *dev = &pdev->dev;
	int ret;

${body}
	return ret;
}`;
  const REQUEST = '\tret = devm_request_irq(dev, box->irq, box_irq, 0, "box", box);';
  it('sees vectors and data freed before the interrupt', () => {
    expect(told('managed-order', probe(`${REQUEST}\n\tret = devm_add_action_or_reset(dev, drop, pdev);`))).toEqual([
      'probe:12',
    ]);
    expect(told('managed-order', probe(`${REQUEST}\n\tret = devm_add_action(dev, drop, box);`, 'kfree(data)'))).toEqual(
      ['probe:12'],
    );
    expect(
      told(
        'managed-order',
        probe(
          `${REQUEST.replace('devm_request_irq(dev, box->irq, box_irq', 'devm_request_threaded_irq(dev, box->irq, NULL, box_thread')}\n\tret = devm_add_action_or_reset(dev, drop, dev);`,
          'platform_device_msi_free_irqs_all(data)',
        ),
      ),
    ).toEqual(['probe:12']);
  });
  it('is quiet where the action comes first, is of another device, or frees something else', () => {
    expect(told('managed-order', probe(`\tret = devm_add_action_or_reset(dev, drop, pdev);\n${REQUEST}`))).toEqual([]);
    expect(told('managed-order', probe(`${REQUEST}\n\tret = devm_add_action_or_reset(box->bus, drop, pdev);`))).toEqual(
      [],
    );
    expect(
      told('managed-order', probe(`${REQUEST}\n\tret = devm_add_action_or_reset(dev, drop, box->log);`, 'kfree(data)')),
    ).toEqual([]);
  });
});

describe('no-longer-cleared', () => {
  const BEFORE = `
static int bank_init(struct bank *b)
{
	int ret = bank_alloc(b);

	if (ret) {
		kfree(b->slots);
		b->slots = NULL;
		return ret;
	}
	return 0;
}`;
  it('sees a member that keeps its value where it was cleared', () => {
    expect(told('no-longer-cleared', BEFORE.replace('\t\tb->slots = NULL;\n', ''), BEFORE)).toEqual(['bank_init:6']);
    expect(
      told(
        'no-longer-cleared',
        BEFORE.replace('\t\tb->slots = NULL;\n', '').replaceAll('kfree(', 'eventfd_ctx_put('),
        BEFORE.replaceAll('kfree(', 'eventfd_ctx_put('),
      ),
    ).toEqual(['bank_init:6']);
    const jump = BEFORE.replace(
      '\t\tkfree(b->slots);\n\t\tb->slots = NULL;\n\t\treturn ret;\n\t}\n\treturn 0;\n',
      '\t\tgoto out;\n\t}\n\treturn 0;\nout:\n\tkvfree(b->slots);\n\treturn ret;\n',
    );
    expect(told('no-longer-cleared', jump, BEFORE)).toEqual(['bank_init:10']);
  });
  it('is quiet where it is cleared otherwise, the object goes too, or it never was cleared', () => {
    for (const instead of ['b->slots = bank_none;', 'kfree(b);', 'memset(b, 0, sizeof(*b));'])
      expect(told('no-longer-cleared', BEFORE.replace('b->slots = NULL;', instead), BEFORE), instead).toEqual([]);
    const never = BEFORE.replace('\t\tb->slots = NULL;\n', '');
    expect(told('no-longer-cleared', never, never)).toEqual([]);
  });
});

describe('wrong-grace-period', () => {
  const told = (text: string): string[] =>
    hitsOfPatch(front, [text.replace(/^\n/, '')])
      .filter((hit) => hit.rule.id === 'wrong-grace-period')
      .map((hit) => `${hit.function}:${hit.at.line}`);
  const swap = (removed: string, added: string): string => `
diff virt/kvm/door.c
@@ -20,6 +20,6 @@ static void door_swap(struct door *d)
 	mutex_lock(&d->lock);
 	old = d->table;
 	rcu_assign_pointer(d->table, new);
 	mutex_unlock(&d->lock);
-	${removed};
+	${added};
 	d->gen++;`;
  it('sees RCU waited for in the place of SRCU', () => {
    expect(told(swap('synchronize_srcu(&d->srcu)', 'synchronize_rcu()'))).toEqual(['door_swap:8']);
    expect(told(swap('synchronize_srcu_expedited(&d->srcu)', 'kfree_rcu(old, rcu)'))).toEqual(['door_swap:8']);
    expect(told(swap('call_srcu(&d->srcu, &old->rcu, door_free)', 'call_rcu(&old->rcu, door_free)'))).toEqual([
      'door_swap:8',
    ]);
  });
  it('sees a pointer read under SRCU and freed behind RCU', () => {
    expect(
      told(`
diff virt/kvm/door.c
@@ -0,0 +1,12 @@
+static u32 door_key(struct door *d)
+{
+	struct table *t = srcu_dereference(d->table, &d->srcu);
+
+	return t->key;
+}
+
+static void door_swap(struct door *d, struct table *new)
+{
+	struct table *old = rcu_replace_pointer(d->table, new, true);
+	kfree_rcu(old, rcu);
+}`),
    ).toEqual(['door_swap:13']);
  });
  it('is quiet where SRCU is still waited for, where it always was RCU, and where the readers move too', () => {
    expect(told(swap('synchronize_srcu(&d->srcu)', 'call_srcu(&d->srcu, &old->rcu, door_free)'))).toEqual([]);
    expect(told(swap('synchronize_rcu()', 'kfree_rcu(old, rcu)'))).toEqual([]);
    expect(
      told(`${swap('synchronize_srcu(&d->srcu)', 'synchronize_rcu()')}
@@ -40,5 +40,5 @@ static u32 door_key(struct door *d)
 	u32 key;
 
-	idx = srcu_read_lock(&d->srcu);
+	rcu_read_lock();
 	key = d->key;
 	other(d);`),
    ).toEqual([]);
  });
});
