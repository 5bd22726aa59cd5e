"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from reasoning_app.middleware.health import healthz

handler500 = "reasoning_app.server_error.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("jobs.views.urls")),
    path("", include("billing.views.urls")),
]
