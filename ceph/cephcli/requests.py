# Does requests for a cluster through librados and librbd, and answers each with a
# line on standard output. It is sent to a host by package cephcli.
#
# The argument is the path of the ceph program. Standard input is a JSON object
# (type order in batch.go). A line of the answer is the order's mark, a space and a
# JSON object (type line in batch.go). The same file has to be readable by any
# Python, as the interpreter is the one that the ceph program has.
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
    lock = threading.Lock()

    def say(**line):
        data = (order["mark"] + " " + json.dumps(line) + "\n").encode()
        with lock:
            while data:
                data = data[os.write(out, data):]

    def end(**line):
        say(**line)
        os._exit(0)

    requests = order["requests"]
    images = [r for r in requests if not r.get("command")]
    try:
        with open(sys.argv[1], "rb") as program:
            if b"CEPH_GIT_VER" not in program.read():
                end(unable="the ceph program is not Ceph's own")
        if "CEPH_ARGS" in os.environ:
            end(unable="CEPH_ARGS is set")
        import rados
        if images:
            import rbd
    except (ImportError, EnvironmentError) as e:
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

    def command(text, data, mon=None):
        code, out, status = cluster.mon_command(text, data, target=mon)
        return abs(code), out, status

    def init(pool):
        code, out, status = command(json.dumps({"prefix": "osd pool application get", "pool": pool, "format": "json"}), b"")
        if code == 0:
            apps = json.loads(out.decode())
            if apps and "rbd" not in apps:
                return 1, b"", "pool already registered to a different application"
        elif code == 2:
            return code, b"", status
        with cluster.open_ioctx(pool) as ioctx:
            rbd.RBD().pool_init(ioctx, False)
        return 0, b"", ""

    def names(pool):
        with cluster.open_ioctx(pool) as ioctx:
            return 0, json.dumps(rbd.RBD().list(ioctx)).encode(), ""

    def trash(pool):
        with cluster.open_ioctx(pool) as ioctx:
            found = [{"id": t["id"], "name": t["name"]} for t in rbd.RBD().trash_list(ioctx)]
        return 0, json.dumps(found).encode(), ""

    def watchers(spec):
        pool, name = spec.split("/")
        with cluster.open_ioctx(pool) as ioctx, rbd.Image(ioctx, name, read_only=True) as image:
            found = [{"client": w["id"], "address": w["addr"]} for w in image.watchers_list()]
        return 0, json.dumps({"watchers": found}).encode(), ""

    def do(r):
        try:
            if r.get("list"):
                return names(r["list"])
            if r.get("trash"):
                return trash(r["trash"])
            if r.get("init"):
                return init(r["init"])
            if r.get("watch"):
                return watchers(r["watch"])
            return command(r["command"], base64.b64decode(r.get("input", "")), r.get("mon"))
        except Exception as e:
            code = abs(getattr(e, "errno", 0) or 0)
            return code or None, b"", str(e) if code else type(e).__name__

    ended = [threading.Event() for _ in requests]
    failed = set()
    following = iter(range(len(requests)))

    def work():
        try:
            while one():
                pass
        except Exception:
            os._exit(1)  # nobody hears the answers any more

    def one():
        with lock:
            i = next(following, None)
        if i is None:
            return False
        r = requests[i]
        after = r.get("after") or []
        earlier = [j for j in after if 0 <= j < i]
        for j in earlier:
            ended[j].wait()
        if len(earlier) < len(after) or failed.intersection(earlier) or r.get("refused"):
            failed.add(i)
            say(request=i, skipped=True)
        else:
            code, data, status = do(r)
            if code != 0:
                failed.add(i)
            say(request=i, code=code, status=status, data=base64.b64encode(zlib.compress(data, 1)).decode())
        ended[i].set()
        return True

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(len(requests), 32))]
    for w in workers:
        w.start()
    for e in ended:
        e.wait()
    end(ended=True)


if sys.version_info < (3, 6):
    sys.exit(1)
main()
