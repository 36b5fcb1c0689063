"""Where platforms fetch our pictures and videos by a signed address; everything else is simply not there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import FileResponse
from starlette.responses import PlainTextResponse, Response

from libs.common.auth import ClockDep, public
from services.publish.api import held
from services.publish.pull import EXTENSIONS
from services.publish.resources import PublishResources

router = APIRouter(include_in_schema=False, dependencies=[public()])
MIMES = {extension: mime for mime, extension in EXTENSIONS.items()}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex",
}


@router.get("/m/{end}/{signature}/{sha256}.{extension}")
@router.head("/m/{end}/{signature}/{sha256}.{extension}")
async def pull_file(
    end: Annotated[int, Path(ge=0, le=1 << 40)],
    signature: Annotated[str, Path(max_length=64)],
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    extension: Annotated[str, Path(pattern=r"^[a-z0-9]{3,4}$")],
    clock: ClockDep,
    res: Annotated[PublishResources, Depends(held)],
) -> Response:
    """The file, with ranges; never a redirect, which most platforms refuse."""
    signer = res.signer
    if signer is None or not signer.is_good(sha256, extension, end, signature, clock.now()):
        return PlainTextResponse("Không có tệp này.\n", status_code=404)
    path = res.files.path(f"objects/{sha256[:2]}/{sha256}")
    if not path.is_file():
        return PlainTextResponse("Không có tệp này.\n", status_code=404)
    return FileResponse(path, media_type=MIMES[extension], headers=HEADERS)
