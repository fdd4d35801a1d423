"""Makes the pictures in this folder from the running application: `python screenshots/make.py [REGISTRY]`.

REGISTRY is what `lineal demo` made (`./lineal-demo` unless named). The application really runs and gets real keys; a
picture is the screen as it then is.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
FONTS = "'DejaVu Sans Mono', 'JetBrains Mono', 'Cascadia Mono', Menlo, Consolas, monospace"
MODEL = "tumour-classifier"
CELL = 12.2
"""Width of a column in the picture's units."""

SHOTS: tuple[tuple[str, tuple[int, int], tuple[str, ...]], ...] = (
    ("tree-160x48", (160, 48), ("j", "j")),
    ("rollback-80x24", (80, 24), ("r",)),
    ("history-80x24", (80, 24), ("H",)),
    ("diff-120x28", (120, 28), ("space", "space", "space", "d")),
    ("lineage-120x20", (120, 20), ("L", "h", "h", "plus")),
    ("runs-160x48", (160, 48), ("7", "slash", *"val_loss < 1", "enter", "l", "l", "l", "l", "l", "l", "s")),
    ("curves-120x36", (120, 36), ("7", "slash", *"searched auc > 0", "enter", "g", "v", "G", "v", "C", "o")),
    ("policy-120x20", (120, 20), ("g", "P")),
)


def with_own_fonts(svg: str) -> str:
    """The picture without fonts from elsewhere: box-drawing characters need one monospace font for all."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family:\s*[^;]+;", f"font-family: {FONTS};", svg)
    return re.sub(r'x="([\d.]+)"( y="[\d.]+") textLength="([\d.]+)"([^>]*)>([^<]+)</text>', _trimmed, svg)


def _trimmed(found: re.Match[str]) -> str:
    """A text without the spaces around it, which some viewers drop without moving the rest."""
    x, y, length, rest, content = found.groups()
    inner = content.replace("&#160;", " ").strip(" ")
    before = len(content.replace("&#160;", " ")) - len(content.replace("&#160;", " ").lstrip(" "))
    width = len(inner) * CELL
    if "&" in inner or not inner:  # an entity is one column: only what stands before it is known
        width = float(length) - before * CELL
    text = inner.replace(" ", "&#160;")
    return f'x="{float(x) + before * CELL:.1f}"{y} textLength="{width:.1f}"{rest}>{text}</text>'


def demand(registry_root: Path) -> None:
    """Have production demand something, which it does not in the sample."""
    import lineal  # noqa: PLC0415  after the environment is set

    with lineal.open_registry(registry_root) as registry:
        registry.set_gates(
            f"{MODEL}@production",
            expressions=("metrics.auc >= live.metrics.auc - 0.005", "metrics.recall >= 0.9"),
            require=("owner", "purpose", "datasets", "parent"),
            after="staging",
            soak="7d",
            approvals=1,
            no_pickle=True,
        )


async def take(registry_root: Path, name: str, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    """Start the application, press the keys, and keep the screen."""
    import lineal  # noqa: PLC0415  after the environment is set
    from lineal.write_path.context import now  # noqa: PLC0415  as above
    from lineal_tui.app import LinealApp  # noqa: PLC0415  as above
    from lineal_tui.remembered import Place, remember, state_file  # noqa: PLC0415  as above

    with lineal.open_registry(registry_root) as registry:
        remember(state_file(registry.uid, registry.root), Place(MODEL, "production"))
        app = LinealApp(registry, now)
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.6)
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.4)
            await pilot.pause(0.4)
            picture = with_own_fonts(app.export_screenshot(title=f"lineal {name}"))
    (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"{name}.svg")


def main() -> int:
    """Make all pictures."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "lineal-demo")
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        os.environ["HOME"] = state  # so that the header shows a short path, and nobody's registry is touched
        root = Path(shutil.copytree(root, Path(state) / "lineal-demo"))
        os.environ["TEXTUAL_ANIMATIONS"] = "none"
        os.environ.pop("NO_COLOR", None)
        demand(root)
        for name, size, keys in SHOTS:
            asyncio.run(take(root, name, size, keys))
    return 0


if __name__ == "__main__":
    sys.exit(main())
