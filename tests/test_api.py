"""The front door: what is public, documented, and light to import."""

from __future__ import annotations

import subprocess
import sys

import dedup


def test_public_names_are_few_and_present() -> None:
    assert len(dedup.__all__) <= 15
    assert dedup.__all__ == sorted(dedup.__all__)
    for name in dedup.__all__:
        assert getattr(dedup, name).__doc__, name
    assert dir(dedup) == dedup.__all__


def test_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(dedup, "scann")


def test_public_functions_stay_functions_after_their_modules_are_imported() -> None:
    code = "import dedup.scanning, dedup.explain, dedup; assert callable(dedup.scan) and callable(dedup.compare)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_light() -> None:
    code = "import sys, dedup; print(*sorted(m for m in sys.modules if m.split('.')[0] in HEAVY))"
    heavy = {"numpy", "scipy", "pyarrow", "datasketch", "rich", "typer", "msgspec"}
    done = subprocess.run([sys.executable, "-c", f"HEAVY={heavy!r}; {code}"], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_help_is_light() -> None:
    code = (
        "import sys; sys.argv=['dedup','--help']\n"
        "from dedup.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy','pyarrow','datasketch','dedup.kernels','msgspec') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
    assert "scan" in done.stdout


def test_module_and_command_are_the_same() -> None:
    done = subprocess.run([sys.executable, "-m", "dedup", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"dedup {dedup.__version__} (fold table ")
