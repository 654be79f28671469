import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { hitsOfPatch, named } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (text: string, rule: string): string[] =>
  hitsOf(front, text, ['lifetime']).filter((hit) => hit.startsWith(rule));

describe('what one family gave', () => {
  const released = (take: string, give: string): string[] =>
    said(
      `int f(struct device *dev, size_t n)\n{\nvoid *p;\n\np = ${take};\nif (!p)\nreturn -ENOMEM;\n${give}\nreturn 0;\n}`,
      'mismatched',
    );
  it('goes back to it', () => {
    expect(released('dma_map_page(dev, page, 0, n, dir)', 'dma_unmap_single(dev, p, n, dir);')).toEqual([
      'mismatched-release@8',
    ]);
    expect(released('dma_map_page(dev, page, 0, n, dir)', 'dma_unmap_page(dev, p, n, dir);')).toEqual([]);
    expect(released('vmalloc(n)', 'kfree(p);')).toEqual(['mismatched-release@8']);
    expect(released('vmalloc(n)', 'kvfree(p);')).toEqual([]);
    expect(released('kzalloc(n, GFP_KERNEL)', 'kvfree(p);')).toEqual([]);
    expect(released('alloc_pages(GFP_KERNEL, 2)', 'dma_free_coherent(dev, n, p, a);')).toEqual([
      'mismatched-release@8',
    ]);
    expect(released('vmalloc(n)', 'p = kmalloc(n, GFP_KERNEL);\nkfree(p);')).toEqual([]);
  });
});

describe('what a handler reads', () => {
  const handler =
    'static irqreturn_t h(int irq, void *arg)\n{\nstruct ctx *ctx = arg;\n\neventfd_signal(ctx->trigger, 1);\nreturn IRQ_HANDLED;\n}\n';
  const set = (before: string, after: string): string[] =>
    said(
      `${handler}int f(struct ctx *ctx, int irq, void *t)\n{\nint ret;\n${before}\nret = request_irq(irq, h, 0, "x", ctx);\nif (ret)\nreturn ret;\n${after}\nreturn 0;\n}`,
      'ready',
    );
  it('is there when it is installed', () => {
    expect(set('ctx->n = 1;', 'ctx->trigger = t;')).toEqual(['ready-after-install@15']);
    expect(set('ctx->trigger = t;', 'ctx->n = 1;')).toEqual([]);
    expect(set('ctx->trigger = t;', 'ctx->trigger = t;')).toEqual([]);
    expect(set('ctx->n = 1;', 'ctx->trigger = NULL;')).toEqual([]);
  });
});

describe('an error label', () => {
  const patch = (added: string): string[] =>
    named(
      hitsOfPatch(front, [
        `diff a.c\n@@ -10,8 +10,${added === '' ? 7 : 8} @@ static int f(struct s *s)\n \tret = c(s);\n \tif (ret)\n \t\tgoto err_put;\n \ts->on = true;\n-\treturn 0;\n${added} \n err_put:\n \tclk_put(s->clk);`,
      ]),
    ).filter((hit) => hit.startsWith('falls'));
  it('is kept from success by a return', () => {
    expect(patch('')).toEqual(['falls-into-unwind@7']);
    expect(patch('+\treturn ret;\n')).toEqual([]);
    expect(patch('+\tgoto out;\n')).toEqual([]);
  });
});

describe('a domain that was removed', () => {
  it('is not read any more', () => {
    const remove = (lines: string): string[] => said(`void f(struct irq_domain **domain)\n{\n${lines}\n}`, 'use-after');
    expect(remove('irq_domain_remove(*domain);\nirq_domain_free_fwnode((*domain)->fwnode);')).toEqual([
      'use-after-free@4',
    ]);
    expect(
      remove('struct fwnode_handle *fn = (*domain)->fwnode;\nirq_domain_remove(*domain);\nirq_domain_free_fwnode(fn);'),
    ).toEqual([]);
  });
});
