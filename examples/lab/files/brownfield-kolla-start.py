#!/usr/bin/python3
"""kolla_start ACCOUNT: what a container of Kolla begins with, in short.

Takes in the files that config.json names and becomes the service, as ACCOUNT. A
source that is not there ends it, unless it is optional.
"""
import glob
import json
import os
import pwd
import shlex
import shutil
import sys

FILES = "/var/lib/kolla/config_files"


def give(path, entry):
    """Gives what was copied the entry's owner and mode; who may read a folder may enter it."""
    user, _, group = entry["owner"].partition(":")
    shutil.chown(path, user, group or user)
    mode = int(entry["perm"], 8)
    if os.path.isdir(path):
        mode |= (mode & 0o444) >> 2
    os.chmod(path, mode)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def copy(source, dest, entry):
    if os.path.isdir(source):
        os.makedirs(dest, exist_ok=True)
        give(dest, entry)
        for name in os.listdir(source):
            copy(os.path.join(source, name), os.path.join(dest, name), entry)
        return
    remove(dest)
    shutil.copy(source, dest)
    give(dest, entry)


def take_in(entry):
    sources = glob.glob(entry["source"])
    if not sources and not entry.get("optional"):
        sys.exit(f"kolla_start: {entry['source']} is not there")
    for source in sources:
        dest = entry["dest"]
        if dest.endswith("/"):
            dest += os.path.basename(source)
        if not entry.get("merge"):
            remove(dest)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        copy(source, dest, entry)


def main(name):
    with open(f"{FILES}/config.json") as source:
        config = json.load(source)
    for entry in config["config_files"]:
        take_in(entry)
    print(f"kolla_start: has taken its files in, and runs {config['command']}", flush=True)
    account = pwd.getpwnam(name)
    os.environ["HOME"] = account.pw_dir
    os.initgroups(name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    command = shlex.split(config["command"])
    os.execvp(command[0], command)


main(*sys.argv[1:])
