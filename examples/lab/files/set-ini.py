#!/usr/bin/python3
"""set-ini.py TEMPLATE TARGET: sets the template's keys in an INI file.

Every other line of the target stays as its package made it. ${NAME} in the
template comes from the environment. Owner and mode of the target stay.
"""
import os
import re
import string
import sys


def settings(path):
    """Yields (section, key, value) of the template."""
    section = None
    with open(path) as source:
        for line in source:
            line = string.Template(line.strip()).substitute(os.environ)
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                key, value = line.split("=", 1)
                yield section, key.strip(), value.strip()


def place(lines, section, key, value):
    """Replaces the key's line, or adds one below the section's header."""
    header, inside = None, False
    for at, line in enumerate(lines):
        if re.match(r"\[.*\]\s*$", line):
            inside = line.strip() == f"[{section}]"
            if inside and header is None:
                header = at
        elif inside and re.match(rf"{re.escape(key)}\s*=", line):
            lines[at] = f"{key} = {value}\n"
            return
    if header is None:
        lines += ["\n", f"[{section}]\n"]
        header = len(lines) - 1
    lines.insert(header + 1, f"{key} = {value}\n")


def main(template, target):
    with open(target) as source:
        lines = source.readlines()
    for section, key, value in settings(template):
        place(lines, section, key, value)
    with open(target, "w") as sink:
        sink.writelines(lines)


main(*sys.argv[1:])
