#!/bin/sh
# Installs the farm with every version pinned: sh deploy/install.sh (or `make install`).
# PYTHON names the interpreter (3.11 or newer), VENV the folder of the virtual environment.
set -eu
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}

say() { printf '%s\n' "$*" >&2; }

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    say "The farm needs Python 3.11 or newer; install it, or name one: make PYTHON=/path/to/python3.11 install"
    exit 1
}
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }

say "Installing the farm into $VENV (torch is large: a few minutes on the first run) ..."
pip install --constraint constraints.txt --editable '.[worker,embedded,dev]'
# Without its dependencies: it asks for a second onnxruntime and a second opencv, which would unpack over ours.
pip install --constraint constraints.txt --no-deps insightface

# skia draws on the CPU but links against the system's graphics libraries.
libraries="libegl1 libgl1"
if ! "$VENV/bin/python" -c 'import skia' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing the graphics libraries skia needs: $libraries"
        apt-get update -qq
        # shellcheck disable=SC2086 # a list of words is meant
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $libraries >/dev/null
    fi
    "$VENV/bin/python" -c 'import skia' || {
        say "skia cannot start without the system's graphics libraries; run: sudo apt-get install $libraries"
        exit 1
    }
fi
say "Installed."
