#!/usr/bin/python3
"""What runs in the cloud that was integrated by hand: volume types, an image in Ceph, two volumes,
and a VM with its disk in Ceph that writes to all three for ever.

Writes by-hand.json.
"""
import base64
import hashlib
import json
import os

from cloud import Cloud

OUT = os.environ["OUT"]

# The guest writes a counter, with the id of its boot, into one sector of each disk, and once some
# bytes that have to stay.
GUEST = """#!/bin/sh
disk() { for s in /sys/block/*/serial; do [ "$(cat $s)" = "$1" ] && { b=${s%%/serial}; echo /dev/${b##*/}; return; }; done; }
boot=$(cat /proc/sys/kernel/random/boot_id)
old=" "
n=0
while :; do
  n=$((n + 1))
  for d in /dev/vda $(disk %s) $(disk %s); do
    case "$old" in *" $d "*) ;; *)
      yes "bytes of before" | head -c 1048576 | dd of=$d bs=1048576 seek=256 conv=notrunc,fsync 2>/dev/null && old="$old$d "
    esac
    printf '%%-511s\\n' "$boot $n" | dd of=$d bs=512 seek=1048576 conv=notrunc,fsync 2>/dev/null
  done
  echo "COUNT $n $(cut -d' ' -f1 /proc/uptime)"
  sleep 2
done
"""


def volume_type(cloud, name, backend):
    made = cloud.post("volumev3", "/types", {"volume_type": {"name": name}})["volume_type"]
    cloud.post("volumev3", f"/types/{made['id']}/extra_specs", {"extra_specs": {"volume_backend_name": backend}})


def image(cloud, data):
    body = {"name": "by-hand-image", "disk_format": "raw", "container_format": "bare",
            "visibility": "public", "min_ram": 64}
    made = cloud.post("image", "/v2/images", body)["id"]
    cloud.exchange("PUT", "image", f"/v2/images/{made}/file", data, {"Content-Type": "application/octet-stream"})
    cloud.wait("image", f"/v2/images/{made}", lambda answer: answer["status"] == "active")
    return made


def backends(cloud):
    """Waits until the scheduler knows what cinder-volume has just told it."""
    def known(answer):
        names = {pool["name"].split("@")[-1] for pool in answer["pools"]}
        return {"ceph#RBD_SSD", "slow#slow"} <= names
    cloud.wait("volumev3", "/scheduler-stats/get_pools", known)


def volume(cloud, name, kind):
    body = {"name": name, "size": 1, "volume_type": kind}
    made = cloud.post("volumev3", "/volumes", {"volume": body})["volume"]["id"]
    cloud.wait("volumev3", f"/volumes/{made}", lambda answer: answer["volume"]["status"] == "available")
    return made


def server(cloud, image_id, flavor, volumes):
    script = GUEST % tuple(v[:20] for v in volumes)
    body = {"name": "by-hand-vm", "imageRef": image_id, "flavorRef": flavor, "networks": "none",
            "availability_zone": "nova:compute1", "config_drive": True,
            "user_data": base64.b64encode(script.encode()).decode()}
    made = cloud.post("compute", "/servers", {"server": body})["server"]["id"]
    cloud.wait("compute", f"/servers/{made}", lambda answer: answer["server"]["status"] == "ACTIVE")
    for v in volumes:
        cloud.post("compute", f"/servers/{made}/os-volume_attachments", {"volumeAttachment": {"volumeId": v}})
        cloud.wait("volumev3", f"/volumes/{v}", lambda answer: answer["volume"]["status"] == "in-use")
    return made


def main():
    cloud = Cloud(os.environ["CONTROLLER_ADDR"], os.environ["ADMIN_PASSWORD"])
    with open(f"{OUT}/guest.img", "rb") as source:
        data = source.read()
    with open(f"{OUT}/before.json") as source:
        flavor = json.load(source)["flavor"]["id"]
    volume_type(cloud, "ceph", "RBD_SSD")
    volume_type(cloud, "slow", "slow")
    image_id = image(cloud, data)
    backends(cloud)
    volumes = [volume(cloud, "by-hand-volume", "ceph"), volume(cloud, "by-hand-slow", "slow")]
    vm = server(cloud, image_id, flavor, volumes)
    made = {"image": {"id": image_id, "sha256": hashlib.sha256(data).hexdigest()}, "server": {"id": vm, "host": "compute1"},
            "disks": [f"vms/{vm}_disk", f"volumes/volume-{volumes[0]}", f"rbd/volume-{volumes[1]}"]}
    with open(f"{OUT}/by-hand.json", "w") as sink:
        json.dump(made, sink, indent=2)
        sink.write("\n")


main()
