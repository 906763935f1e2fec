#!/usr/bin/python3
"""What exists before any integration: a flavor, an image, a VM and a volume.

Writes before.json. Each object is looked up first, so a second run adds nothing.
"""
import hashlib
import json
import os

from cloud import Cloud

OUT = os.environ["OUT"]


def found(items, name):
    return next((item for item in items if item["name"] == name), None)


def flavor(cloud):
    body = {"name": "lab.small", "vcpus": 1, "ram": 192, "disk": 1}
    have = found(cloud.get("compute", "/flavors")["flavors"], body["name"])
    return (have or cloud.post("compute", "/flavors", {"flavor": body})["flavor"])["id"]


def image(cloud, data):
    have = found(cloud.get("image", "/v2/images")["images"], "before-image")
    if not have:
        body = {"name": "before-image", "disk_format": "raw", "container_format": "bare",
                "visibility": "public", "min_ram": 64}
        have = cloud.post("image", "/v2/images", body)
    if have["status"] == "queued":
        cloud.exchange("PUT", "image", f"/v2/images/{have['id']}/file", data,
                       {"Content-Type": "application/octet-stream"})
    cloud.wait("image", f"/v2/images/{have['id']}", lambda answer: answer["status"] == "active")
    return have["id"]


def volume(cloud):
    have = found(cloud.get("volumev3", "/volumes")["volumes"], "before-volume")
    if not have:
        have = cloud.post("volumev3", "/volumes", {"volume": {"name": "before-volume", "size": 1}})["volume"]
    cloud.wait("volumev3", f"/volumes/{have['id']}", lambda answer: answer["volume"]["status"] == "available")
    return have["id"]


def server(cloud, image_id, flavor_id):
    """A VM with a local disk on compute1, left shut off."""
    have = found(cloud.get("compute", "/servers")["servers"], "before-vm")
    if not have:
        body = {"name": "before-vm", "imageRef": image_id, "flavorRef": flavor_id, "networks": "none",
                "availability_zone": "nova:compute1"}
        have = cloud.post("compute", "/servers", {"server": body})["server"]
    path = f"/servers/{have['id']}"
    state = cloud.wait("compute", path, lambda answer: answer["server"]["status"] in ("ACTIVE", "SHUTOFF"))
    if state["server"]["status"] == "ACTIVE":
        cloud.post("compute", path + "/action", {"os-stop": None})
        state = cloud.wait("compute", path, lambda answer: answer["server"]["status"] == "SHUTOFF")
    return have["id"], state["server"]["OS-EXT-SRV-ATTR:host"]


def main():
    cloud = Cloud(os.environ["CONTROLLER_ADDR"], os.environ["ADMIN_PASSWORD"])
    with open(f"{OUT}/guest.img", "rb") as source:
        data = source.read()
    flavor_id = flavor(cloud)
    image_id = image(cloud, data)
    volume_id = volume(cloud)
    server_id, host = server(cloud, image_id, flavor_id)
    before = {
        "flavor": {"name": "lab.small", "id": flavor_id},
        "image": {"name": "before-image", "id": image_id, "size": len(data),
                  "sha256": hashlib.sha256(data).hexdigest(), "store": "file"},
        "server": {"name": "before-vm", "id": server_id, "host": host, "status": "SHUTOFF", "disk": "local"},
        "volume": {"name": "before-volume", "id": volume_id, "size": 1, "backend": "nfs"},
    }
    with open(f"{OUT}/before.json", "w") as sink:
        json.dump(before, sink, indent=2)
        sink.write("\n")


main()
