# Which Python to use: the first of a few names that really starts, is new enough and can make a virtual environment.
#
# Sourced by scripts/setup. A name on PATH proves nothing: pyenv puts a python3.12 there that refuses to start where
# .python-version (or nothing at all) selects another. Hence each name is started as it is and, where that fails, away
# from our .python-version and with its own version selected.

# The first is the one that all is tried with.
TOKENTAPE_PYTHONS="python3.13 python3.14 python3.12 python3"

# Prints what setup wants to know of a Python. Runs on any Python 3, so that a too old one can say so.
TOKENTAPE_PROBE='
import sys
print("%d.%d.%d" % sys.version_info[:3])
print(sys.executable)
print("new" if sys.version_info >= (3, 12) else "old")
try:
    import ensurepip, venv
    print("whole")
except ImportError as error:
    print(error.name)
'

# start_python NAME: the answers of the probe, one a line; fails where NAME does not start.
start_python() {
  "$1" -c "$TOKENTAPE_PROBE" </dev/null 2>/dev/null && return
  (cd / && "$1" -c "$TOKENTAPE_PROBE") </dev/null 2>/dev/null && return
  local version="${1#python}"
  [[ "$version" == *.* ]] || return 1
  PYENV_VERSION="$version" "$1" -c "$TOKENTAPE_PROBE" </dev/null 2>/dev/null
}

# choose_python: prints the path of the interpreter to use, or says on stderr what is wrong with each and fails.
choose_python() {
  local name answers version path age lacks reasons="" package=""
  for name in $TOKENTAPE_PYTHONS; do
    if ! command -v "$name" >/dev/null 2>&1; then
      reasons+="  $name: not found"$'\n'
      continue
    fi
    if ! answers="$(start_python "$name")"; then
      reasons+="  $name: is there ($(command -v "$name")) but does not start"$'\n'
      continue
    fi
    { read -r version; read -r path; read -r age; read -r lacks; } <<<"$answers"
    if [[ "$age" != new ]]; then
      reasons+="  $name: is $version, too old"$'\n'
    elif [[ "$lacks" != whole ]]; then
      reasons+="  $name: is $version, but its module $lacks is missing"$'\n'
      package="${package:-python${version%.*}-venv}"
    else
      printf '%s\n' "$path"
      return
    fi
  done
  {
    printf 'error: tokentape needs Python 3.12 or newer, and none of these will do:\n%s\n' "$reasons"
    if [[ -n "$package" ]]; then
      printf 'hint: apt-get install %s\n' "$package"
    else
      printf 'hint: install Python 3.13 (apt-get install python3.13 python3.13-venv, brew install python@3.13,\n'
      printf '      pyenv install 3.13) so that python3.13 or python3 starts it, then run this again\n'
    fi
  } >&2
  return 1
}
