/* Doorbells belong to the /dev/iommu: an address in the window means the same page in all page tables of one of them. */

struct iommufd_sw_msi_map {
	struct list_head sw_msi_item;
	phys_addr_t sw_msi_start;
	phys_addr_t msi_addr;
	unsigned int pgoff;
	unsigned int id;
};

struct iommufd_sw_msi_maps {
	u64 bitmap;
};

struct iommufd_ctx {
	struct xarray objects;
	unsigned int next_id;
	struct mutex sw_msi_lock;
	struct list_head sw_msi_list;
	unsigned int sw_msi_id;
};

struct iommufd_hwpt_paging {
	struct iommufd_object obj;
	struct iommufd_ioas *ioas;
	struct iommu_domain *domain;
	bool auto_domain;
	struct iommufd_sw_msi_maps present_sw_msi;
	struct list_head hwpt_item;
	struct list_head domains_node;
};

struct iommufd_group {
	unsigned int users;
	struct iommufd_ctx *ictx;
	struct iommu_group *group;
	struct iommufd_hwpt_paging *hwpt;
	unsigned int attached;
	struct iommufd_sw_msi_maps required_sw_msi;
	phys_addr_t sw_msi_start;
};
