#!/usr/bin/env bash
# Runs the README's install command as printed, on a copy of the tree, and then the installed command from elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
cd "$copy"
sed -n '/<!-- install -->/,/<!-- \/install -->/p' "$root/README.md" | sed '/^<!--/d;/^```/d' >install.sh
[ -s install.sh ]
bash -euo pipefail install.sh
cd /
"$copy/.venv/bin/python" -c 'import dedup, pathlib; assert "site-packages" in dedup.__file__, dedup.__file__'
[ -s "$("$copy/.venv/bin/python" -c 'import dedup; print(dedup.__path__[0])')/report/templates/page.html.j2" ]
"$copy/.venv/bin/dedup" scan "$copy/fixtures" --format jsonl >"$copy/pairs"
grep -q '"relation":"shared-passage"' "$copy/pairs"
