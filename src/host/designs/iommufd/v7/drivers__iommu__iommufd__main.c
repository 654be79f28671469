static void iommufd_ctx_init(struct iommufd_ctx *ictx)
{
	xa_init(&ictx->objects);
	mutex_init(&ictx->sw_msi_lock);
	INIT_LIST_HEAD(&ictx->sw_msi_list);
}

static void iommufd_ctx_fini(struct iommufd_ctx *ictx)
{
	struct iommufd_sw_msi_map *next, *cur;

	list_for_each_entry_safe(cur, next, &ictx->sw_msi_list, sw_msi_item)
		kfree(cur);
	xa_destroy(&ictx->objects);
}
