#!/usr/bin/env bash
# Builds the extension with ASan and UBSan beside the normal one and runs the tests of the native core against it.
# Usage: tests/sanitize.sh BIN, the bin folder of a virtual environment that has the test extra.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1
target=$PWD/build/sanitized
rm -rf "$target"
"$bin/pip" install --quiet --no-deps --target "$target" -C build-dir=build/sanitize-objects \
  -C cmake.define.DEDUP_SANITIZE=ON .
# The sanitizer must be the first library of the process; CPython itself frees little at its end, so leaks are not told.
export LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
# Without site the editable install's finder, which would win over any path, is not set up.
site=$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
export PYTHONPATH=$target:$site PYTHONSAFEPATH=1
"$bin/python" -S -c 'import dedup.kernels as k; assert "build/sanitized" in k._native.__file__, k._native.__file__'
"$bin/python" -S -m pytest -q -p no:cacheprovider tests/kernels tests/candidates tests/verify tests/relate tests/cluster
