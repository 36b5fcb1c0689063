"""A press channel's partners, with their secrets opened."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from services.publish import queries as channels
from services.publish.credentials import CredentialsUnreadable, Vault
from services.publish.presskit.partners import Partner, PartnersInvalid, partners_of


async def roster_of(session: AsyncSession, channel: m.Channel, vault: Vault | None) -> list[Partner]:
    """Empty where what is written of them does not serve; the channel's health says so."""
    sealed = await channels.get_credentials(session, channel.id)
    try:
        secret = vault.open(channel.id, sealed) if vault is not None and sealed is not None else {}
        return partners_of(channel.settings, secret)
    except (CredentialsUnreadable, PartnersInvalid):
        return []
