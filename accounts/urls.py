"""Addresses of the accounts room; allauth's own come first under accounts/."""

from django.urls import include, path

from accounts import views

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("sign-in/<str:token>/", views.sign_in_link, name="sign-in-link"),
    path("settings/", views.edit_settings, name="settings"),
    path("settings/mail-works/", views.mail_works, name="mail-works"),
    path("unsubscribe/<str:token>/", views.unsubscribe_by_link, name="unsubscribe"),
]
