/* VT-d: remapping of interrupts is no capability of the IOMMU any more; its interrupt domain says so instead. */

static bool intel_iommu_capable(enum iommu_cap cap)
{
	if (cap == IOMMU_CAP_CACHE_COHERENCY)
		return true;

	return false;
}
