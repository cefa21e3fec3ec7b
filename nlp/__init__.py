"""The text specialist: clinical notes in, findings citing characters out.

spaCy's thinc imports torch wherever it is installed: seconds and 600 MB for what no part of Konsil
runs in. So it is imported here without. Who wants thinc's torch layers in the same process imports
torch or spaCy before Konsil.
"""

import sys

if not {"torch", "thinc"} & sys.modules.keys():
    sys.modules["torch"] = None  # pyright: ignore[reportArgumentType]
    try:
        import thinc.compat  # noqa: F401  # pyright: ignore[reportUnusedImport]
    finally:
        del sys.modules["torch"]
