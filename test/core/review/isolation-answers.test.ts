/** What answers a question on isolation, and what a switch may decide: each rule on patches with the defect, and on good ones like them. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { type RulePair, rulesOn } from './pairs';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** A defective patch and its corrected twin in one. */
const PAIRS: readonly RulePair[] = [
  {
    rule: 'true-on-empty',
    says: 'slots of which each may be free',
    path: 'drivers/irqchip/sample.c',
    text: `
+static bool sample_ports_isolated(struct sample *s)
+{
+	struct port *port;
!	bool all = true;
=	bool all = s->checks_sender;
+	int i;
+
+	for (i = 0; i < SAMPLE_PORTS; i++) {
+		port = s->ports[i];
+		if (port && !port->checked)
+			all = false;
+	}
+	return all;
+}
`,
  },
  {
    rule: 'true-on-empty',
    says: 'a list of controllers that registered',
    path: 'kernel/irq/sample.c',
    text: `
+bool sample_doorbells_safe(void)
+{
+	struct sample_doorbell *db;
+	bool safe = true;
+
=	if (list_empty(&sample_doorbells))
=		return false;
+	list_for_each_entry(db, &sample_doorbells, node)
+		safe &= db->remapped;
+
+	return safe;
+}
`,
  },
  {
    rule: 'true-on-empty',
    says: 'slots skipped by continue',
    path: 'drivers/iommu/sample.c',
    text: `
+static bool sample_irq_remapped(struct sample *s)
+{
+	unsigned int i;
!	bool remapped;
=	bool remapped, found = false;
+
+	remapped = true;
+	for (i = 0; i < s->max; i++) {
+		if (!s->unit[i])
+			continue;
=		found = true;
+		if (!(s->unit[i]->ecap & SAMPLE_IR))
+			remapped = false;
+	}
!	return remapped;
=	return found && remapped;
+}
`,
  },
  {
    rule: 'override-skips-checks',
    says: 'the switch chooses the answer',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_admit(struct sample *s, struct iommu_group *group)
+{
!	if (!iommu_group_has_isolated_msi(group))
!		return allow_unsafe_interrupts ? 0 : -EPERM;
=	if (!iommu_group_has_isolated_msi(group) && !allow_unsafe_interrupts)
=		return -EPERM;
+	if (s->group == group)
+		return -EBUSY;
+	return 0;
+}
`,
  },
  {
    rule: 'override-skips-checks',
    says: 'an early way out by a label',
    path: 'drivers/iommu/iommufd/sample.c',
    text: `
+static int sample_bind(struct sample *s, struct device *dev)
+{
+	int rc = 0;
+
+	mutex_lock(&s->lock);
+	if (!device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP)) {
+		if (!allow_unsafe_interrupts) {
+			rc = -EPERM;
+			goto out;
+		}
+		dev_warn(dev, "interrupts are not remapped\\n");
!		goto out;
+	}
+	if (s->owner != current->mm)
+		rc = -EACCES;
+out:
+	mutex_unlock(&s->lock);
+	return rc;
+}
`,
  },
  {
    rule: 'override-skips-checks',
    says: 'in a part of a function',
    path: 'drivers/vhost/sample.c',
    text: `
 static int sample_take(struct sample *s, int id)
 {
 	struct sample_group *g;
 
 	g = sample_find(s, id);
+	if (!sample_isolated(g)) {
!		if (unsafe_interrupts)
!			return 0;
!		return -EPERM;
=		if (!unsafe_interrupts)
=			return -EPERM;
=		pr_warn("interrupts are not isolated");
+	}
 	if (g->users)
 		return -EBUSY;
 	g->users++;
`,
  },
  {
    rule: 'parents-unasked',
    says: 'the climb gone, or in a function of its own',
    path: 'kernel/irq/sample.c',
    text: `
=static bool sample_chain(struct irq_domain *d)
={
=	for (; d; d = d->parent)
=		if (d->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)
=			return true;
=	return false;
=}
=
 bool sample_isolated(struct device *dev)
 {
 	struct irq_domain *d = dev_get_msi_domain(dev);
 
-	for (; d; d = d->parent)
-		if (d->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)
-			return true;
-	return false;
!	return d && (d->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI);
=	return sample_chain(d);
 }
`,
  },
];

/** Good code that looks like it. */
const GOOD: readonly RulePair[] = [
  {
    rule: 'true-on-empty',
    says: 'a group, which has a member',
    path: 'drivers/iommu/sample.c',
    text: `
+bool sample_group_isolated(struct iommu_group *group)
+{
+	struct group_device *one;
+	bool ret = true;
+
+	for_each_group_device(group, one)
+		ret &= msi_device_has_isolated_msi(one->dev);
+	return ret;
+}
`,
  },
  {
    rule: 'true-on-empty',
    says: 'an array all of which is asked',
    path: 'drivers/iommu/sample.c',
    text: `
+static bool sample_all_remapped(struct sample *s)
+{
+	bool ret = true;
+	int i;
+
+	for (i = 0; i < 2; i++)
+		ret = ret && s->half[i].remapped;
+	return ret;
+}
`,
  },
  {
    rule: 'override-skips-checks',
    says: 'a function of this question alone',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_check_msi(struct device *dev, struct iommu_group *group)
+{
+	if (iommu_group_has_isolated_msi(group))
+		return 0;
+	if (!allow_unsafe_interrupts)
+		return -EPERM;
+	dev_warn(dev, "not isolated\\n");
+	return 0;
+}
`,
  },
  {
    rule: 'override-skips-checks',
    says: 'a question asked in two ways, the switch for both',
    path: 'drivers/vfio/sample.c',
    text: `
+static int sample_check_both(struct iommu_group *group)
+{
+	if (!irq_domain_check_msi_remap())
+		return allow_unsafe_interrupts ? 0 : -EPERM;
+	if (!sample_capable(group) && !allow_unsafe_interrupts)
+		return -EPERM;
+	return 0;
+}
`,
  },
  {
    rule: 'parents-unasked',
    says: 'a helper out of sight that is asked for the domain',
    path: 'kernel/irq/sample.c',
    text: `
 bool sample_isolated(struct device *dev)
 {
 	struct irq_domain *d = dev_get_msi_domain(dev);
 
-	for (; d; d = d->parent)
-		if (d->flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)
-			return true;
-	return false;
+	return irq_domain_is_isolated(d);
 }
`,
  },
];

describe('answers on isolation', () => {
  for (const one of PAIRS)
    it(`${one.rule}: ${one.says}`, () => {
      expect(rulesOn(front, one, false)).toContain(one.rule);
      expect(rulesOn(front, one, true)).not.toContain(one.rule);
    });
  for (const one of GOOD)
    it(`${one.rule} stays quiet: ${one.says}`, () => {
      expect(rulesOn(front, one, false)).not.toContain(one.rule);
    });
});
