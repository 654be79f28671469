/* A group's window is where its driver says, or where the user wants it. Sizes are bytes; 0 means that the user has not said. */

struct iommufd_group {
	unsigned int users;
	struct iommufd_ctx *ictx;
	struct iommu_group *group;
	struct iommufd_hwpt_paging *hwpt;
	unsigned int attached;
	struct iommufd_sw_msi_maps required_sw_msi;
	phys_addr_t sw_msi_start;
	phys_addr_t wanted_start;
	size_t wanted_size;
};
