#!/usr/bin/python3
"""health.py SINCE: one line per service; exits 1 unless all are up.

SINCE is a Unix time: a service counts once it has reported after that. A record
in the database survives the process that wrote it.
"""
import datetime
import os
import sys

from cloud import Cloud

WANTED = {
    "volumev3": {("cinder-scheduler", "controller"), ("cinder-volume", "controller@nfs"),
                 ("cinder-backup", "controller")},
    "compute": {("nova-conductor", "controller"), ("nova-scheduler", "controller"),
                ("nova-compute", "compute1"), ("nova-compute", "compute2")},
}


def seconds(text):
    """The Unix time of an API's UTC timestamp."""
    moment = datetime.datetime.fromisoformat(text.rstrip("Z"))
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def records(cloud, kind, since):
    """Yields (binary, host, verdict) of a service list; what is absent is missing."""
    missing = set(WANTED[kind])
    for service in cloud.get(kind, "/os-services")["services"]:
        name = (service["binary"], service["host"])
        verdict = service["state"] if service["status"] == "enabled" else "disabled"
        if verdict == "up" and seconds(service["updated_at"] or "1970-01-01T00:00:00") < since:
            verdict = "silent"
        missing.discard(name)
        yield (*name, verdict)
    for binary, host in missing:
        yield binary, host, "missing"


def answers(cloud, kind, path):
    try:
        cloud.get(kind, path)
        return "up"
    except (RuntimeError, OSError, KeyError) as error:
        return f"down ({error})"


def lines(cloud, since):
    for kind in WANTED:
        try:
            yield from records(cloud, kind, since)
        except (RuntimeError, OSError, KeyError) as error:
            yield kind, "controller", f"down ({error})"
    yield "glance-api", "controller", answers(cloud, "image", "/v2/images?limit=1")
    yield "placement-api", "controller", answers(cloud, "placement", "/resource_providers")
    yield "neutron", "controller", answers(cloud, "network", "/v2.0/networks")


def main(since):
    try:
        cloud = Cloud(os.environ["CONTROLLER_ADDR"], os.environ["ADMIN_PASSWORD"])
    except (RuntimeError, OSError) as error:
        print(f"{'keystone':18} {'controller':18} down ({error})")
        return 1
    print(f"{'keystone':18} {'controller':18} up")
    good = True
    for binary, host, verdict in lines(cloud, since):
        good = good and verdict == "up"
        print(f"{binary:18} {host:18} {verdict}")
    return 0 if good else 1


sys.exit(main(float(sys.argv[1])))
