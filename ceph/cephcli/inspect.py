# Describes RBD images of a pool through librbd. It is sent to a host by package cephcli, as requests.py is.
#
# The argument is the path of the ceph program. Standard input is a JSON object (type inspectOrder in inspect.go).
# Each line of the answer is the order's mark, a space and a JSON object (type inspected in inspect.go): the last has
# the images, packed.
import os
import sys


def main():
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is not an answer
    import base64
    import json
    import threading
    import zlib

    order = json.loads(sys.stdin.buffer.read().decode())

    def say(**line):
        data = (order["mark"] + " " + json.dumps(line) + "\n").encode()
        while data:
            data = data[os.write(out, data):]

    def end(**line):
        say(**line)
        os._exit(0)

    try:
        with open(sys.argv[1], "rb") as program:
            if b"CEPH_GIT_VER" not in program.read():
                end(unable="the ceph program is not Ceph's own")
        if "CEPH_ARGS" in os.environ:
            end(unable="CEPH_ARGS is set")
        import rados
        import rbd
        rbd.Image.data_pool_id
        rbd.SNAP_NAMESPACE_TYPE_USER
    except (ImportError, AttributeError, EnvironmentError) as e:
        end(unable=type(e).__name__)
    say(begun=True)
    try:
        cluster = rados.Rados(name=order["name"], conffile=order["conf"])
        for option, value in order["options"].items():
            cluster.conf_set(option, value)
    except Exception as e:
        end(conf=str(e))
    try:
        cluster.connect()
    except Exception as e:
        end(connect=abs(getattr(e, "errno", 0) or 0), text=str(e))

    def fault(e):
        return {"code": abs(getattr(e, "errno", 0) or 0) or None, "status": str(e)}

    try:
        ioctx = cluster.open_ioctx(order["pool"])
        here = cluster.pool_lookup(order["pool"])
    except Exception as e:
        end(pool=fault(e))

    def describe(name):
        with rbd.Image(ioctx, name, read_only=True) as image:
            found = {"name": name, "size": image.size(), "features": image.features(), "snaps": []}
            try:
                found["parent"] = image.parent_info()
            except rbd.ImageNotFound:
                pass
            data = image.data_pool_id()
            if data != here:
                found["data_pool"] = cluster.pool_reverse_lookup(data)
            snaps = [s for s in image.list_snaps() if s["namespace"] == rbd.SNAP_NAMESPACE_TYPE_USER]
            for s in sorted(snaps, key=lambda s: s["id"]):
                found["snaps"].append([s["name"], s["size"], bool(image.is_protected_snap(s["name"]))])
            return found

    names = order["names"]
    answers = [None] * len(names)
    following = iter(range(len(names)))
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                i = next(following, None)
            if i is None:
                return
            try:
                answers[i] = describe(names[i])
            except Exception as e:
                answers[i] = fault(e)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(len(names), 16))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    packed = zlib.compress(json.dumps(answers).encode(), 1)
    end(images=base64.b64encode(packed).decode())


if sys.version_info < (3, 6):
    sys.exit(1)
main()
