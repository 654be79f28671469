/* Vectors of the local APICs: without remapping a block of consecutive ones can not be promised. */

static int x86_vector_alloc_irqs(struct irq_domain *domain, unsigned int virq, unsigned int nr_irqs, void *arg)
{
	if (nr_irqs > 1)
		return -ENOSYS;

	return 0;
}

static const struct irq_domain_ops x86_vector_domain_ops = {
	.alloc = x86_vector_alloc_irqs,
};
