#!/usr/bin/python3
"""Users, roles, services and endpoints of the cloud. Runs on the controller."""
import os
import time

from cloud import Cloud

ADDRESS = os.environ["CONTROLLER_ADDR"]
SERVICES = {
    "glance": ("image", f"http://{ADDRESS}:9292"),
    "cinder": ("volumev3", f"http://{ADDRESS}:8776/v3/%(project_id)s"),
    "placement": ("placement", f"http://{ADDRESS}:8778"),
    "neutron": ("network", f"http://{ADDRESS}:9696"),
    "nova": ("compute", f"http://{ADDRESS}:8774/v2.1"),
}


def connect():
    """Keystone has just been started: it may take a while to answer."""
    for left in range(60, -1, -1):
        try:
            return Cloud(ADDRESS, os.environ["ADMIN_PASSWORD"], catalog=False)
        except (OSError, RuntimeError):
            if not left:
                raise
            time.sleep(1)


def ensure(cloud, kind, match, **more):
    """Finds the object that matches or creates it; returns its id."""
    for found in cloud.get("identity", f"/{kind}s")[f"{kind}s"]:
        if all(found.get(key) == value for key, value in match.items()):
            return found["id"]
    return cloud.post("identity", f"/{kind}s", {kind: {**match, **more}})[kind]["id"]


def main():
    cloud = connect()
    project = ensure(cloud, "project", {"name": "service"}, domain_id="default")
    roles = [ensure(cloud, "role", {"name": name}) for name in ("admin", "service")]
    for name, (kind, url) in SERVICES.items():
        user = ensure(cloud, "user", {"name": name}, domain_id="default",
                      password=os.environ["SERVICE_PASSWORD"])
        for role in roles:
            cloud.exchange("PUT", "identity", f"/projects/{project}/users/{user}/roles/{role}")
        service_name = "cinderv3" if name == "cinder" else name
        service = ensure(cloud, "service", {"type": kind}, name=service_name)
        for interface in ("public", "internal", "admin"):
            ensure(cloud, "endpoint", {"service_id": service, "interface": interface},
                   url=url, region_id="regionOne")


main()
