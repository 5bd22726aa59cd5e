"""Django's admin with our own site."""

from django.contrib.admin.apps import AdminConfig


class PonderAdminConfig(AdminConfig):
    """Makes `admin.site` ours."""

    default_site = "accounts.admin_site.site.PonderAdminSite"
