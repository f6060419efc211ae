"""GENIQ (geniq.io): what other rooms use of it."""

from .answers import Submitted
from .provider import Account, Billing, Geniq
from .settings import GeniqSettings
from .templates import CreatedTemplate, NewTemplate, Template, TemplateCategory, TemplateFilter, TemplatePage
from .verify import Verdict, Verification
from .voice import LOCALES, Menu, MenuOption
from .whatsapp import (
    WhatsAppAudio,
    WhatsAppContent,
    WhatsAppDocument,
    WhatsAppImage,
    WhatsAppLocation,
    WhatsAppSticker,
    WhatsAppTemplateMessage,
    WhatsAppText,
    WhatsAppVideo,
)

__all__ = [
    "LOCALES",
    "Account",
    "Billing",
    "CreatedTemplate",
    "Geniq",
    "GeniqSettings",
    "Menu",
    "MenuOption",
    "NewTemplate",
    "Submitted",
    "Template",
    "TemplateCategory",
    "TemplateFilter",
    "TemplatePage",
    "Verdict",
    "Verification",
    "WhatsAppAudio",
    "WhatsAppContent",
    "WhatsAppDocument",
    "WhatsAppImage",
    "WhatsAppLocation",
    "WhatsAppSticker",
    "WhatsAppTemplateMessage",
    "WhatsAppText",
    "WhatsAppVideo",
]
