"""Reads pictures: bounded before they are decoded, turned upright, scaled down, without their metadata."""

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from files.extraction.content import (
    MAX_PIXELS,
    MAX_RENDERED_PAGES,
    PICTURE_SIDE,
    Extract,
    ExtractionError,
    FileKind,
    Picture,
)

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")


def read_picture(path: Path, pictures_to: Path) -> Extract:
    """Return a picture as JPEG, a TIFF page by page, of an animation the first frame.

    Raises ExtractionError for one too large or damaged.
    """
    Image.MAX_IMAGE_PIXELS = None  # _check_size is stricter, and tells the size
    try:
        with Image.open(path, formats=_FORMATS) as image:
            _check_size(*image.size)
            has_pages = image.format == "TIFF"
            count = getattr(image, "n_frames", 1) if has_pages else 1
            is_animated = not has_pages and getattr(image, "is_animated", False)
        shown = min(count, MAX_RENDERED_PAGES)
        pictures = tuple(_page(path, number, count, pictures_to) for number in range(shown))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ExtractionError(
            "The picture is damaged and cannot be opened. Save it again, and attach that."
        ) from error
    notes = ("Of the animation only the first picture is shown.",) if is_animated else ()
    if shown < count:
        notes = (f"Only the first {shown} of {count} pages are shown.",)
    return Extract(FileKind.PICTURE, pictures=pictures, notes=notes)


def _page(path: Path, number: int, count: int, pictures_to: Path) -> Picture:
    """Write one page of a picture, as a rule the only one."""
    with Image.open(path, formats=_FORMATS) as image:
        image.seek(number)
        _check_size(*image.size)
        picture = _scaled(image)
    name = f"{number + 1}.jpg"
    picture.save(pictures_to / name, "JPEG", quality=88)
    return Picture(f"page {number + 1}" if count > 1 else "", name, *picture.size)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ExtractionError(
            f"The picture is too large: {width:,} × {height:,} are {width * height // 1_000_000:,} million pixels, at "
            f"most {MAX_PIXELS // 1_000_000} million are read. Scale it down."
        )


def _scaled(image: Image.Image) -> Image.Image:
    image.draft("RGB", (PICTURE_SIDE, PICTURE_SIDE))
    if image.mode not in {"RGB", "RGBA", "L"}:
        image = image.convert("RGBA" if "transparency" in image.info or image.mode in {"LA", "PA"} else "RGB")
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), reducing_gap=2.0)
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "RGBA":
        white = Image.new("RGB", upright.size, "white")
        white.paste(upright, mask=upright.getchannel("A"))
        return white
    return upright.convert("RGB")
