enum {
	IOMMUFD_CMD_OPTION = 0x87,
};

#define IOMMU_OPTION _IO(IOMMUFD_TYPE, IOMMUFD_CMD_OPTION)

enum iommufd_option {
	IOMMU_OPTION_SW_MSI_START = 2,
	IOMMU_OPTION_SW_MSI_SIZE = 3,
};

enum iommufd_option_ops {
	IOMMU_OPTION_OP_SET = 0,
	IOMMU_OPTION_OP_GET = 1,
};

struct iommu_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 __reserved;
	__u32 object_id;
	__u64 val64;
};
