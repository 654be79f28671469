/* The range is no RAM: it is kept for MSI doorbells. */
#define VFIO_DMA_MAP_FLAG_MSI_RESERVED_IOVA (1 << 2)
