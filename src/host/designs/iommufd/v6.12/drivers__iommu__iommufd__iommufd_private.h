enum iommufd_object_type {
	IOMMUFD_OBJ_NONE,
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_HWPT_PAGING,
	IOMMUFD_OBJ_IOAS,
};

struct iommufd_ctx {
	struct xarray objects;
	unsigned int next_id;
	struct iommufd_ioas *vfio_ioas;
};

struct iommufd_object {
	refcount_t users;
	enum iommufd_object_type type;
	unsigned int id;
};

struct io_pagetable {
	struct mutex iova_rwsem;
	struct list_head area_list;
	struct list_head reserved_list;
	struct list_head allowed_list;
	struct list_head domain_list;
	unsigned long iova_alignment;
	bool disable_large_pages;
};

struct iopt_area {
	struct list_head node;
	unsigned long iova;
	unsigned long last;
	unsigned long uptr;
	int iommu_prot;
};

struct iopt_reserved {
	struct list_head node;
	unsigned long start;
	unsigned long last;
	void *owner;
};

struct iopt_allowed {
	struct list_head node;
	unsigned long start;
	unsigned long last;
};

struct iommufd_ioas {
	struct iommufd_object obj;
	struct io_pagetable iopt;
	struct list_head hwpt_list;
};

struct iommufd_hwpt_paging {
	struct iommufd_object obj;
	struct iommufd_ioas *ioas;
	struct iommu_domain *domain;
	bool auto_domain;
	bool msi_cookie;
	struct list_head hwpt_item;
	struct list_head domains_node;
};

struct iommufd_attach_handle {
	struct iommufd_device *idev;
};

struct iommufd_group {
	unsigned int users;
	struct iommufd_ctx *ictx;
	struct iommu_group *group;
	struct iommufd_hwpt_paging *hwpt;
	unsigned int attached;
	phys_addr_t sw_msi_start;
};

struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_group *igroup;
	struct device *dev;
	struct iommufd_attach_handle handle;
};
